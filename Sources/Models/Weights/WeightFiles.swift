import Synchronization

/// The safetensors files of a model, with a record of which tensors have been read.
final class WeightFiles: Sendable {
    /// The directory.
    let path: String
    let files: [SafetensorsFile]
    private let fileOfTensor: [String: Int]
    private let read = Mutex<Set<String>>([])

    /// Collects the tensors of `files`, which are in the directory `path`.
    /// - Throws: `ModelError.malformedWeights` if two of `files` have a tensor of one name.
    init(_ files: [SafetensorsFile], path: String) throws(ModelError) {
        self.path = path
        self.files = files
        var fileOfTensor: [String: Int] = [:]
        for (number, file) in files.enumerated() {
            for name in file.names where fileOfTensor.updateValue(number, forKey: name) != nil {
                throw .malformedWeights(
                    path: file.path, reason: "the tensor `\(name)` is in another file, too")
            }
        }
        self.fileOfTensor = fileOfTensor
    }

    /// The names of all tensors, sorted.
    var names: [String] { fileOfTensor.keys.sorted() }

    /// Whether there is a tensor `name`.
    func has(_ name: String) -> Bool { fileOfTensor[name] != nil }

    /// The tensor `name` as Float32, which counts as read from then on.
    /// - Throws: as `SafetensorsFile.tensor`.
    func tensor(_ name: String, _ shape: [Int]) throws(ModelError) -> [Float] {
        let values = try file(with: name, shape).tensor(name, shape: shape)
        read.withLock { _ = $0.insert(name) }
        return values
    }

    /// The file that holds the tensor `name`, which should have `shape`.
    /// - Throws: `ModelError.missingTensor`.
    func file(with name: String, _ shape: [Int]) throws(ModelError) -> SafetensorsFile {
        guard let number = fileOfTensor[name] else {
            throw .missingTensor(name: name, path: path, expected: shape)
        }
        return files[number]
    }

    /// Checks that every tensor was read or is `ignored` for a reason.
    /// - Throws: `ModelError.unknownTensors`.
    func requireAllKnown(_ ignored: IgnoredTensors) throws(ModelError) {
        let read = read.withLock { $0 }
        let unknown = names.filter { !read.contains($0) && ignored.reason(for: $0) == nil }
        guard unknown.isEmpty else { throw .unknownTensors(names: unknown, path: path) }
    }
}
