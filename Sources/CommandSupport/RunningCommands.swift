public import ArgumentParser
import Files
import Foundation
public import Pipelines

extension AsyncParsableCommand {
    /// Parses the arguments and runs the command they name; an error it throws ends the process.
    ///
    /// Help and usage errors exit as in ArgumentParser; other errors print their description. A
    /// command that is not asynchronous stays on the main thread, because the rights that a decode
    /// worker drops are dropped for its own thread and the threads that this one starts.
    /// - Parameters:
    ///   - code: The exit code of an error of ours.
    ///   - prepare: Gets the parsed command before it runs, while this process has one thread.
    @MainActor
    public static func runAsMain(
        exitCode code: (any Error) -> Int32 = Pipelines.exitCode(for:),
        prepare: @MainActor (any ParsableCommand) -> Void = { _ in }
    ) async {
        prepareStandardStreams()
        do {
            var command = try parseWithSuggestion()
            prepare(command)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            try finishStandardOutput()
        } catch {
            let isOurs = !(error is ExitCode || error is CleanExit || error is ValidationError)
            guard isOurs, exitCode(for: error) == .failure else { exit(withError: error) }
            writeToStandardError("Error: \(terminalText(sentence(for: error)))\n")
            Foundation.exit(code(error))
        }
    }

    /// - Throws: `ValidationError` naming the nearest command if the first argument is no command.
    private static func parseWithSuggestion() throws -> any ParsableCommand {
        do {
            return try parseAsRoot(
                joiningNegativeNumbers(Array(CommandLine.arguments.dropFirst())))
        } catch {
            let names = configuration.subcommands.filter { $0.configuration.shouldDisplay }
                .compactMap { $0.configuration.commandName }
            guard exitCode(for: error) == .validationFailure,
                let first = CommandLine.arguments.dropFirst().first, !first.hasPrefix("-"),
                !configuration.subcommands.contains(where: { $0.configuration.commandName == first }
                )
            else { throw error }
            let remedy =
                nearest(to: first, among: names).map { "Did you mean '\($0)'?" }
                ?? "The commands are \(names.joined(separator: ", "))."
            throw ValidationError("Unknown command '\(first)'. \(remedy)")
        }
    }
}

/// `arguments` with each negative number joined to the option before it, as in `--frames=-3`.
///
/// ArgumentParser would take a lone `-3` for an option and say that a value is missing.
private func joiningNegativeNumbers(_ arguments: [String]) -> [String] {
    arguments.reduce(into: []) { joined, argument in
        if let option = joined.last, option.hasPrefix("--"), option != "--",
            !option.contains("="), argument.hasPrefix("-"),
            let first = argument.dropFirst().first, first.isNumber || first == "."
        {
            joined[joined.count - 1] = "\(option)=\(argument)"
        } else {
            joined.append(argument)
        }
    }
}

/// Prints `text` and a line end on stdout, wrapped between words on a terminal.
public func printWrapped(_ text: String) {
    print(wrapped(terminalText(text), toColumns: terminalWidth(of: STDOUT_FILENO)))
}

/// Checks that none of `paths` is given but empty, as an unset shell variable leaves it.
///
/// It would otherwise mean the root of the file system.
/// - Throws: `ValidationError` for the first that is.
public func requireNotEmpty(_ paths: KeyValuePairs<String, String?>) throws {
    for (name, path) in paths where path == "" {
        throw ValidationError("\(name) is empty; name a path, or leave the option out.")
    }
}

/// Checks the value of each option, named first, against its range.
/// - Throws: `ValidationError` for the first that is out of it.
public func requireInRange(_ options: [(String, Int, ClosedRange<Int>)]) throws {
    for (name, value, range) in options where !range.contains(value) {
        throw ValidationError(
            "\(name) must be from \(range.lowerBound) to \(range.upperBound); it is \(value).")
    }
}
