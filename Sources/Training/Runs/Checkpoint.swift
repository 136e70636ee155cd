import Files
import Foundation
import Models

/// A checkpoint of a run: a directory with weights, moments and where the training stood.
public struct Checkpoint: Sendable {
    /// Path of the directory, `…/checkpoint-STEP`.
    public let path: String
    /// Updates that were done.
    public let step: Int

    private static let prefix = "checkpoint-"
    private static let weightsName = "model.safetensors"
    private static let momentsName = "optimizer.safetensors"
    private static let stateName = "trainer_state.json"
    private static let firstPrefix = "exp_avg."
    private static let secondPrefix = "exp_avg_sq."

    /// The checkpoints in the run directory `run`, oldest first.
    static func all(in run: String) -> [Checkpoint] {
        let names = (try? namesInDirectory(run)) ?? []
        return names.compactMap { try? Checkpoint(path: "\(run)/\($0)") }
            .sorted { $0.step < $1.step }
    }

    /// Names the checkpoint in the directory `path`.
    /// - Throws: `TrainingError.invalidCheckpoint` unless it is called `checkpoint-STEP`.
    public init(path: String) throws(TrainingError) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let name = lastComponent(of: path)
        guard name.hasPrefix(Self.prefix), let step = Int(name.dropFirst(Self.prefix.count)) else {
            throw .invalidCheckpoint(path: path, reason: "its name is not checkpoint-STEP")
        }
        self.path = path
        self.step = step
    }

    /// Writes a checkpoint into the run directory `run`: whole, then renamed.
    static func save(
        _ state: TrainingState, _ store: ParameterStore, firstMoments: [Float],
        secondMoments: [Float], in run: String
    ) throws -> Checkpoint {
        let checkpoint = try Checkpoint(path: "\(run)/\(prefix)\(state.step)")
        let temporary = "\(run)/\(temporaryName)"
        try removeDirectory(at: temporary)
        try makeDirectory(at: temporary)
        try writeSafetensors(
            store.parameters, parts: [("", store.values)], to: "\(temporary)/\(weightsName)")
        try writeSafetensors(
            store.parameters,
            parts: [(firstPrefix, firstMoments), (secondPrefix, secondMoments)],
            to: "\(temporary)/\(momentsName)")
        try publishFile(canonicalJSON(state), at: "\(temporary)/\(stateName)")
        try checkpoint.remove()
        try publishDirectory(temporary, as: checkpoint.path)
        return checkpoint
    }

    private static let temporaryName = ".checkpoint.partial"
    private static let removedName = ".checkpoint.removed"

    /// The directories that may hold half a checkpoint.
    static let temporaryNames = [temporaryName, removedName]

    /// Removes the checkpoint, if it exists; half of one never has its name.
    func remove() throws {
        guard fileExists(path) else { return }
        let run = parentDirectory(of: path)
        let removed = "\(run)/\(Self.removedName)"
        try removeDirectory(at: removed)
        try publishDirectory(path, as: removed)
        try removeDirectory(at: removed)
    }

    /// Reads weights and moments.
    /// - Returns: where the training stood.
    /// - Throws: `TrainingError.invalidCheckpoint`.
    func load(
        into model: inout VideoClassifier, _ firstMoments: inout [Float],
        _ secondMoments: inout [Float]
    ) throws -> TrainingState {
        guard let bytes = try? readFile("\(path)/\(Self.stateName)"),
            let state = try? decodeJSON(TrainingState.self, from: bytes),
            state.step == step, state.isPlausible
        else {
            throw TrainingError.invalidCheckpoint(
                path: path, reason: "its \(Self.stateName) is missing or damaged")
        }
        do throws(ModelError) {
            try model.load(from: SafetensorsFile(path: "\(path)/\(Self.weightsName)"))
            let moments = try SafetensorsFile(path: "\(path)/\(Self.momentsName)")
            for parameter in model.store.parameters {
                let first = try moments.tensor(
                    Self.firstPrefix + parameter.name, shape: parameter.shape)
                firstMoments.replaceSubrange(parameter.range, with: first)
                let second = try moments.tensor(
                    Self.secondPrefix + parameter.name, shape: parameter.shape)
                secondMoments.replaceSubrange(parameter.range, with: second)
            }
        } catch {
            throw TrainingError.invalidCheckpoint(path: path, reason: "\(error)")
        }
        return state
    }
}
