import Tensors

/// Where a model's tensors come from: safetensors files, or seeded random numbers for a preset.
enum WeightSource: Sendable {
    case files(WeightFiles)
    case random(seed: UInt64)

    /// The tensor `name` of `shape`, as Float32.
    ///
    /// Random tensors are what Hugging Face's initialisation gives: biases 0, layer norm and scale
    /// weights 1, all others normal with standard deviation 0.02.
    func tensor(_ name: String, _ shape: [Int]) throws(ModelError) -> [Float] {
        switch self {
        case .files(let files):
            return try files.tensor(name, shape)
        case .random(let seed):
            let initial = InitialValues(name: name, seed: seed)
            return (0..<shape.reduce(1, *)).map { initial[$0] }
        }
    }

    /// Checks that the tensor `name` is there, and of `shape`.
    /// - Throws: `ModelError.missingTensor`, `.wrongShape`.
    func require(_ name: String, _ shape: [Int]) throws(ModelError) {
        guard case .files(let files) = self else { return }
        try files.file(with: name, shape).require(name, shape)
    }

    /// Checks that every tensor was read or is ignored for a reason, once `part` has been read.
    /// - Throws: `ModelError.unknownTensors`.
    func requireAllKnown(
        afterReading part: ModelPart, _ architecture: VisionConfiguration.Architecture,
        readsText: Bool = false
    ) throws(ModelError) {
        guard case .files(let files) = self else { return }
        try files.requireAllKnown(
            IgnoredTensors(beside: part, in: self, architecture, readsText: readsText))
    }

    /// The prefix of the tensor whose name ends in `name`; the shortest if there are several.
    func prefix(before name: String) -> String {
        guard case .files(let files) = self else { return "" }
        let found = files.names.filter { $0 == name || $0.hasSuffix("." + name) }
        return found.min { ($0.count, $0) < ($1.count, $1) }.map { String($0.dropLast(name.count)) }
            ?? ""
    }

    /// Whether a file has the tensor `name`; a preset has none.
    func has(_ name: String) -> Bool {
        switch self {
        case .files(let files): files.has(name)
        case .random: false
        }
    }
}

/// The seeded initial values of a parameter; every parameter has a stream of its own.
struct InitialValues {
    private enum Kind {
        case constant(Float)
        case normal(CounterRandom)
    }

    private let kind: Kind
    private let deviation: Float

    /// `deviation` is the standard deviation of weights other than norms and scales.
    init(name: String, seed: UInt64, deviation: Float = 0.02) {
        self.deviation = deviation
        if name.hasSuffix(".bias") {
            kind = .constant(0)
        } else if isNormWeight(name) || name.contains("lambda") {
            kind = .constant(1)
        } else {
            // FNV-1a of the name.
            let stream = name.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
                ($0 ^ UInt64($1)) &* 0x100_0000_01B3
            }
            kind = .normal(CounterRandom(seed: seed, stream: stream))
        }
    }

    subscript(position: Int) -> Float {
        switch kind {
        case .constant(let value): value
        case .normal(let random): deviation * random.normal(UInt64(position))
        }
    }
}

/// Whether `name` is the weight of a layer norm.
func isNormWeight(_ name: String) -> Bool {
    let parts = name.lowercased().split(separator: ".")
    guard parts.count >= 2, parts[parts.count - 1] == "weight" else { return false }
    return parts[parts.count - 2].contains("norm") || name == "classifier.0.weight"
}
