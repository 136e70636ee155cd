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
    /// - Throws: `TrainingError.noCheckpoint` unless it is called `checkpoint-STEP`.
    private init(path: String) throws(TrainingError) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let name = lastComponent(of: path)
        guard name.hasPrefix(Self.prefix), let step = Int(name.dropFirst(Self.prefix.count)),
            step >= 0
        else {
            throw .noCheckpoint(path: path, reason: "its name is not checkpoint-STEP", others: [])
        }
        self.path = path
        self.step = step
    }

    /// Finds the checkpoint that the user calls `path` in the run directory `run`.
    /// - Throws: `TrainingError.noCheckpoint` that names those of the run.
    public init(named path: String, in run: String) throws(TrainingError) {
        let others = Self.all(in: run).map(\.path)
        func no(_ reason: String) -> TrainingError {
            .noCheckpoint(path: path, reason: reason, others: others)
        }
        guard let checkpoint = try? Checkpoint(path: path) else {
            throw no("its name is not checkpoint-STEP")
        }
        guard isDirectory(checkpoint.path) else { throw no("there is no such directory") }
        let parent = parentDirectory(of: absolutePath(checkpoint.path))
        guard parent == absolutePath(run) else { throw no("it is not one of the run \(run)") }
        self = checkpoint
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
        let stateBytes = try canonicalJSON(state)
        try publishFile(stateBytes, at: "\(temporary)/\(stateName)")
        try ChecksumFile(of: temporary).publish([
            weightsName: writeSafetensors(
                store.parameters, parts: [("", store.values)], to: "\(temporary)/\(weightsName)"),
            momentsName: writeSafetensors(
                store.parameters,
                parts: [(firstPrefix, firstMoments), (secondPrefix, secondMoments)],
                to: "\(temporary)/\(momentsName)"),
            stateName: sha256Hex(stateBytes),
        ])
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

    /// Reads weights and moments, whose checksums are compared.
    /// - Returns: Where the training stood.
    /// - Throws: `TrainingError.invalidCheckpoint`; some parameters may have been read then.
    func load(
        into model: inout VideoClassifier, _ firstMoments: inout [Float],
        _ secondMoments: inout [Float]
    ) throws(TrainingError) -> TrainingState {
        do {
            let checksums = ChecksumFile(of: path)
            for name in [Self.stateName, Self.weightsName, Self.momentsName] {
                try checksums.verify(name)
            }
            let state = try decodeJSON(
                TrainingState.self, from: readFile("\(path)/\(Self.stateName)"))
            guard state.step == step, state.isPlausible else {
                throw invalid("the numbers in its \(Self.stateName) are not plausible")
            }
            try model.load(from: SafetensorsFile(path: "\(path)/\(Self.weightsName)"))
            try loadMoments(model.store, &firstMoments, &secondMoments)
            return state
        } catch let error as TrainingError {
            throw error
        } catch {
            throw invalid("\(error)")
        }
    }

    private func loadMoments(
        _ store: ParameterStore, _ firstMoments: inout [Float], _ secondMoments: inout [Float]
    ) throws(ModelError) {
        let moments = try SafetensorsFile(path: "\(path)/\(Self.momentsName)")
        let names = store.parameters.map(\.name)
        try moments.requireOnly(
            names.map { Self.firstPrefix + $0 } + names.map { Self.secondPrefix + $0 })
        for parameter in store.parameters {
            let first = try moments.tensor(
                Self.firstPrefix + parameter.name, shape: parameter.shape)
            firstMoments.replaceSubrange(parameter.range, with: first)
            let second = try moments.tensor(
                Self.secondPrefix + parameter.name, shape: parameter.shape)
            secondMoments.replaceSubrange(parameter.range, with: second)
        }
    }

    /// The checkpoint cannot be used; names those of the run that may be.
    func invalid(_ reason: String) -> TrainingError {
        let others = Self.all(in: parentDirectory(of: path)).map(\.path).filter { $0 != path }
        return .invalidCheckpoint(path: path, reason: reason, others: others)
    }
}
