import Foundation
import Shards

/// The content of `build-report.json`: how a dataset came about on this machine.
///
/// It is written when a build begins, so that others can finish what a build left undone, and once
/// more when it ends. It is the only file that holds paths and times, so equal datasets may differ
/// in it.
struct BuildReport: Codable {
    /// Absolute path of the manifest, or of the pixel dataset for features.
    let source: String
    /// Absolute path of the folder that relative video paths start from; empty for features.
    let root: String
    /// The encoder as `--model` finds it again; empty for pixels.
    let model: String
    /// How features were made; `nil` for pixels.
    let encoder: DatasetDescription.Encoder?
    let settings: DatasetDescription.Settings
    let classes: [String]
    /// What the last build did; `nil` while it runs.
    var summary: StageSummary?
    /// sha256 of this report with an empty string in this place, in hex.
    private var sha256 = ""

    /// Reads the report of the dataset in `directory`.
    /// - Throws: `PipelineError.noReport` if there is none or it is damaged.
    init(directory: String) throws(PipelineError) {
        let path = "\(directory)/\(ShardFormat.reportName)"
        guard let data = FileManager.default.contents(atPath: path),
            let report = try? decodeJSON(BuildReport.self, from: [UInt8](data)),
            (try? canonicalJSON(report)) == [UInt8](data), (try? report.hash()) == report.sha256
        else { throw .noReport(path: path) }
        self = report
    }

    private func hash() throws(ShardError) -> String {
        var blank = self
        blank.sha256 = ""
        return sha256Hex(try canonicalJSON(blank))
    }

    init(
        source: String, root: String, model: String = "",
        encoder: DatasetDescription.Encoder? = nil, settings: DatasetDescription.Settings,
        classes: [String]
    ) {
        self.source = Self.absolute(source)
        self.root = Self.absolute(root)
        let isDirectory = FileManager.default.fileExists(atPath: "\(model)/config.json")
        self.model = isDirectory ? Self.absolute(model) : model
        self.encoder = encoder
        self.settings = settings
        self.classes = classes
    }

    func publish(in directory: String) throws(ShardError) {
        var report = self
        report.sha256 = try hash()
        try publishFile(canonicalJSON(report), at: "\(directory)/\(ShardFormat.reportName)")
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
