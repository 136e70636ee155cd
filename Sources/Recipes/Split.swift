/// Which part of the dataset a question belongs to.
public enum Split: String, Sendable, Codable, CaseIterable, Comparable {
    case train, validation, test

    /// Reads a manifest's spelling; `val`, `valid` and `dev` mean validation, case is ignored.
    public init?(text: String) {
        switch text.lowercased() {
        case "train", "training": self = .train
        case "validation", "val", "valid", "dev": self = .validation
        case "test": self = .test
        default: return nil
        }
    }

    /// The order train, validation, test.
    public static func < (left: Split, right: Split) -> Bool {
        order(left) < order(right)
    }

    private static func order(_ split: Split) -> Int {
        switch split {
        case .train: 0
        case .validation: 1
        case .test: 2
        }
    }
}
