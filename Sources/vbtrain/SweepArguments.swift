import ArgumentParser
import Foundation

/// The arguments of `vbtrain sweep`: those of `train`, of which some have several values.
struct SweepArguments {
    /// The options that may have several values, separated by commas.
    static let listed = [
        "learning-rate", "seed", "weight-decay", "dropout", "label-smoothing-factor",
        "class-weights", "num-train-epochs", "max-steps", "per-device-train-batch-size",
        "gradient-accumulation-steps", "warmup-ratio", "warmup-steps", "lr-scheduler-type",
        "max-grad-norm", "qformer", "layout", "temporal-position", "standardize",
        "num-query-tokens", "num-hidden-layers",
    ].flatMap { [$0] + (shortNames[$0].map { [$0] } ?? []) }

    /// The options that have several values.
    let names: [String]
    /// All products of the values, those of the last option in turn first.
    let combinations: [Combination]

    /// One training.
    struct Combination {
        /// The value of each of `names`.
        let values: [String]
        /// What `train` is told.
        let arguments: [String]
        /// Name of the run directory, such as `learning-rate-1e-4_seed-2`.
        let name: String
    }

    /// - Throws: `ValidationError` if no option has several values, or one has a value twice.
    init(_ arguments: [String]) throws {
        var lists: [(name: String, place: Int, prefix: String, values: [String])] = []
        for (place, argument) in arguments.enumerated() {
            guard argument.hasPrefix("--") else { continue }
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1)
            guard let name = parts.first.map(String.init), Self.listed.contains(name) else {
                continue
            }
            let isJoined = parts.count == 2
            guard isJoined || place + 1 < arguments.count else { continue }
            let text = isJoined ? String(parts[1]) : arguments[place + 1]
            let values = text.split(separator: ",", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard values.count > 1 else { continue }
            guard Set(values).count == values.count, !values.contains("") else {
                throw ValidationError(
                    "--\(name) has the same value twice, or an empty one: \(text).")
            }
            lists.append(
                (name, isJoined ? place : place + 1, isJoined ? "--\(name)=" : "", values))
        }
        guard !lists.isEmpty else {
            throw ValidationError(
                "Give an option several values, such as --learning-rate 1e-4,3e-4; those that may are "
                    + Self.listed.map { "--\($0)" }.joined(separator: ", ") + ".")
        }
        names = lists.map(\.name)
        let choices = lists.reduce([[String]]([[]])) { choices, list in
            choices.flatMap { choice in list.values.map { choice + [$0] } }
        }
        combinations = choices.map { values in
            var own = arguments
            for (list, value) in zip(lists, values) { own[list.place] = list.prefix + value }
            let name = zip(lists, values).map { "\($0.name)-\($1)" }.joined(separator: "_")
            return Combination(
                values: values, arguments: own,
                name: name.replacing(/[^A-Za-z0-9.+_-]/, with: "-"))
        }
    }
}
