import Files
import Models
import Recipes

// The folder `baselines/` of a run: simpler models on the same features.
extension RunDirectory {
    /// `baselines.json`.
    private struct Record: Codable {
        let majority: [Int?]
        let linear: [LinearProbe?]
        let attentive: AttentiveProbe.Training?
        /// Width of a frame token.
        let width: Int
        /// sha256 of `attentive.safetensors`.
        let attentiveSha256: String?
        let remarks: [String]
    }

    static let baselinesName = "baselines"
    private var baselinesPath: String { "\(path)/\(Self.baselinesName)" }
    private var recordPath: String { "\(baselinesPath)/baselines.json" }
    private var attentivePath: String { "\(baselinesPath)/attentive.safetensors" }

    /// Writes `baselines`, by which `evaluate` judges the run on other splits.
    /// - Throws: `FileError.cannotCreate`, `.encoding` or `.system`; `ModelError.file`.
    public func save(_ baselines: Baselines) throws {
        try makeDirectory(at: baselinesPath)
        let sha256 = try baselines.attentive.map {
            try writeSafetensors(
                $0.model.store.parameters, parts: [("", $0.model.store.values)], to: attentivePath)
        }
        let record = Record(
            majority: baselines.majority, linear: baselines.linear,
            attentive: baselines.attentive?.training,
            width: configuration.qformer.encoderHiddenSize, attentiveSha256: sha256,
            remarks: baselines.remarks)
        try publishFile(sealedJSON(record), at: recordPath)
    }

    /// Reads the run's baselines; `nil` if it has none.
    /// - Throws: `FileError.damaged` if they are not as they were written, `.decoding` or
    ///   `.system`; `ModelError`, as `VideoClassifier.load`.
    public func baselines() throws -> Baselines? {
        guard fileExists(recordPath) else { return nil }
        let record = try decodeSealedJSON(
            Record.self, from: readFile(recordPath, maximumSize: 1 << 30), path: recordPath)
        let (outputs, width) = (configuration.outputs, configuration.qformer.encoderHiddenSize)
        let sizes = outputs.tasks.map(\.classes.count)
        guard record.width == width, record.majority.count == sizes.count,
            record.linear.count == sizes.count,
            zip(sizes, record.majority).allSatisfy({ 0..<$0 ~= $1 ?? 0 }),
            zip(sizes, record.linear).allSatisfy({
                $1?.isPlausible(width: width, numClasses: $0) ?? true
            })
        else { throw FileError.damaged(path: recordPath, remedy: remedy) }
        let attentive = try record.attentive.map { training in
            guard try sha256Hex(ofFile: attentivePath) == record.attentiveSha256 else {
                throw FileError.damaged(path: attentivePath, remedy: remedy)
            }
            return try AttentiveProbe(
                training, width: width, outputs: outputs,
                file: SafetensorsFile(path: attentivePath))
        }
        return Baselines(
            majority: record.majority, linear: record.linear, attentive: attentive,
            remarks: record.remarks, outputs: outputs)
    }

    private var remedy: String {
        "Remove \(baselinesPath) to do without, or to have it made anew by `vbtrain --resume`."
    }
}
