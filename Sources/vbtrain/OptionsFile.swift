import ArgumentParser
import Files
import Yams

/// A YAML file of options, read as text by name.
final class OptionsFile {
    private let path: String
    private var fields: [String: (written: String, text: String)] = [:]
    private var known: Set<String> = ["qformer", "report-to"]

    /// Reads the file at `path`; `nil` means a file without options.
    /// - Throws: `ValidationError` if it cannot be read or is no flat YAML mapping.
    init(path: String?) throws {
        self.path = path ?? ""
        guard let path else { return }
        let bytes: [UInt8]
        do {
            bytes = try readFile(path, maximumSize: 1 << 20)
        } catch {
            throw ValidationError("--config: \(error)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ValidationError("--config \(path) cannot be read as UTF-8 text.")
        }
        guard case .mapping(let mapping)? = try compose(text) else {
            throw ValidationError(
                "\(path) is not a YAML mapping such as `num_train_epochs: 10`.")
        }
        let fullNames = Dictionary(uniqueKeysWithValues: shortNames.map { ($1, $0) })
        for (key, value) in mapping {
            guard let written = key.string, let text = value.string else {
                throw ValidationError(
                    "\(path): `\(key.string ?? "?")` needs one plain value; several are separated by "
                        + "commas, such as `report_to: tensorboard,wandb`.")
            }
            let name = written.replacing("_", with: "-")
            guard fields.updateValue((written, text), forKey: fullNames[name] ?? name) == nil else {
                throw ValidationError("\(path): `\(written)` is given twice.")
            }
        }
    }

    /// Options that say where to work and how, and not what to train.
    private static let ofCommandLine: Set = [
        "shards", "model", "out", "jobs", "isa", "init-from", "resume", "resume-from", "overwrite",
        "json", "config", "skip-corrupt", "no-probes", "no-baselines",
    ]

    /// The root of the document, with what is wrong in which line if it cannot be read.
    private func compose(_ text: String) throws -> Node? {
        do {
            return try Yams.compose(yaml: text)
        } catch YamlError.scanner(_, let problem, let mark, _),
            YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _)
        {
            throw ValidationError("\(path), line \(mark.line): \(problem).")
        } catch YamlError.duplicatedKeysInMapping(let keys, _) {
            let names = keys.map { "`\($0)`" }.joined(separator: ", ")
            throw ValidationError("\(path): \(names) is given twice.")
        } catch {
            return nil
        }
    }

    func string(_ name: String) throws -> String? { try value(name) { $0 } }

    func value<Value>(_ name: String, _ read: (String) -> Value?) throws -> Value? {
        known.insert(name)
        guard let (written, text) = fields[name] else { return nil }
        guard let value = read(text) else {
            throw ValidationError(
                "\(path): `\(text)` is not a valid value of `\(written)`; "
                    + "see --\(name) in vbtrain train --help.")
        }
        return value
    }

    /// - Throws: `ValidationError` if the file names an option that nobody asked for.
    func requireKnown() throws {
        if let unknown = fields.keys.filter({ !known.contains($0) }).min() {
            let written = fields[unknown]?.written ?? unknown
            if Self.ofCommandLine.contains(unknown) {
                throw ValidationError(
                    "\(path): `\(written)` belongs on the command line, as --\(unknown).")
            }
            let remedy = nearest(to: unknown, among: known).map { "did you mean `\($0)`?" }
            throw ValidationError(
                "\(path): there is no option `\(written)`; "
                    + (remedy ?? "see vbtrain train --help."))
        }
    }
}
