import Files
import Manifests
import Models
import Recipes
import Shards

/// The content of `build-report.json`: how a dataset was built on this machine.
///
/// It is the only file that holds paths and times, so equal datasets may differ in it. Its sources,
/// of which there may be millions, are on one line each and are read and written one by one.
struct BuildReport: Codable {
    /// Absolute path of the manifest, or of the pixel dataset for features.
    let source: String
    /// Absolute path of the folder that relative video paths start from; empty for features.
    let root: String
    /// Absolute path of the list of classes; `nil` if the labels are the classes.
    var classes: String?
    /// The encoder as `--model` finds it again; empty for pixels.
    var modelPath = ""
    /// Name of the encoder; empty for pixels.
    var model = ""
    let clipRecipe: ClipRecipe
    /// How features were made; `nil` for pixels.
    var featureRecipe: FeatureRecipe?
    let division: DatasetDescription.Division
    let tasks: [AnswerSet]
    /// What the last build did; `nil` while it runs.
    var summary: StageSummary?

    /// The encoder of a feature dataset.
    var recordedModel: RecordedModel? {
        featureRecipe.map { RecordedModel(name: model, path: modelPath, hash: $0.modelHash) }
    }

    private static let sourcesLine = Array("\"sources\":[\n".utf8)
    private static let checksumStart = Array("\n],\n\"sha256\":\"".utf8)

    /// Reads the report of the dataset in `directory`, whose checksum is compared.
    /// - Throws: `PipelineError.noReport` if there is none or it is damaged.
    static func read(
        _ directory: String
    ) throws(PipelineError) -> (report: BuildReport, sources: [ExactText: SourceFiles.Record]) {
        let path = "\(directory)/\(ShardFormat.reportName)"
        let length = checksumStart.count + 64 + 3
        guard let bytes = try? readFile(path), bytes.count > length else {
            throw .noReport(path: path)
        }
        let body = bytes.dropLast(length)
        let expected = checksumStart + Array((sha256Hex(Array(body)) + "\"}\n").utf8)
        guard bytes.suffix(length) == expected[...],
            let border = body.firstRange(of: sourcesLine), body.starts(with: "{\n\"report\":".utf8),
            let report = try? decodeJSON(
                BuildReport.self, from: Array(body[11..<border.lowerBound].dropLast(2)))
        else { throw .noReport(path: path) }
        let lines = body[border.upperBound...].split(separator: UInt8(ascii: "\n")).map { line in
            line.last == UInt8(ascii: ",") ? line.dropLast() : line
        }
        return (report, SourceLog.records(of: lines))
    }

    /// Publishes the report with the recorded `sources`.
    /// - Throws: `FileError.cannotCreate`, `.encoding` or `.system`.
    func publish(
        in directory: String, sources: [(video: String, record: SourceFiles.Record)] = []
    ) throws(FileError) {
        let file = try DurableFile(path: "\(directory)/\(ShardFormat.reportName)")
        let head = try canonicalJSON(self, pretty: false).dropLast()
        try file.write(Array("{\n\"report\":".utf8) + head + Array(",\n".utf8) + Self.sourcesLine)
        for start in stride(from: 0, to: sources.count, by: 4096) {
            var lines = ""
            for index in start..<min(start + 4096, sources.count) {
                if index > 0 { lines += ",\n" }
                lines += try SourceLog.line(sources[index].video, sources[index].record)
            }
            try file.write(Array(lines.utf8))
        }
        try file.write(Self.checksumStart + Array((file.sha256 + "\"}\n").utf8))
        try file.publish()
    }
}
