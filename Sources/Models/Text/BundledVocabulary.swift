import Foundation

/// The vocabulary of bert-base-uncased, which ships beside the programs.
public enum BundledVocabulary {
    /// Rows of word embeddings that it needs.
    static let size = 30_522

    /// The path of its `vocab.txt`.
    /// - Throws: `ModelError.notFound` if it is not beside the program that runs.
    public static func path() throws(ModelError) -> String {
        let folder = "vbprep_Models.resources/Vocabulary"
        let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let places = [Bundle.main.bundleURL, executable.deletingLastPathComponent()].map {
            $0.appendingPathComponent("\(folder)/vocab.txt").path
        }
        if let path = places.first(where: FileManager.default.fileExists(atPath:)) { return path }
        throw .notFound(
            reference: folder,
            reason:
                "the folder that the build makes beside the program is gone; copy it along with "
                + "the program, or name a vocabulary with --text-init DIR")
    }
}
