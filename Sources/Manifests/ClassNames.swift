import Foundation

/// The classes of a dataset in the order of their indices.
public struct ClassNames: Sendable, Equatable {
    /// Class names by class index, each once.
    public let names: [String]
    private let indices: [String: Int]

    /// The distinct labels of `rows`.
    ///
    /// They are sorted as numbers if all are integers, else by Unicode scalars.
    public init(labelsOf rows: [ManifestRow]) {
        let labels = Set(rows.map(\.label))
        let numbers = labels.compactMap { Int($0) }
        if numbers.count == labels.count {
            self.init(
                labels.sorted { (Int($0) ?? 0, $0.count) < (Int($1) ?? 0, $1.count) })
        } else {
            self.init(
                labels.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) })
        }
    }

    /// The lines of the file at `path`, one class a line; empty lines are skipped.
    /// - Throws: `ManifestError.invalidClassList`.
    public init(path: String) throws(ManifestError) {
        let text: String
        do {
            text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        } catch {
            throw .invalidClassList(path: path, reason: "it cannot be read as UTF-8 text")
        }
        let names = text.split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        guard !names.isEmpty else {
            throw .invalidClassList(path: path, reason: "it names no class")
        }
        let groups = Dictionary(grouping: names, by: \.self)
        if let repeated = groups.filter({ $1.count > 1 }).keys.min() {
            throw .invalidClassList(path: path, reason: "it names `\(repeated)` twice")
        }
        self.init(names)
    }

    /// Classes by name in the order of their indices; a repeated name means its first index.
    public init(_ names: [String]) {
        self.names = names
        indices = Dictionary(zip(names, names.indices)) { first, _ in first }
    }

    /// The index of the class called `label`, if it is one.
    public func index(of label: String) -> Int? { indices[label] }
}
