import Tensors

/// A tensor of a pass, as it is written to a file.
public struct TraceTensor: Sendable, Equatable {
    /// What it is called.
    public let name: String
    /// Its extents.
    public let shape: [Int]
    /// Its elements, row-major.
    public let values: [Float]

    /// Creates the tensor from its parts.
    /// - Precondition: `values.count` is the product of `shape`.
    public init(_ name: String, shape: [Int], _ values: [Float]) {
        precondition(values.count == shape.reduce(1, *), "\(values.count) values of \(shape)")
        (self.name, self.shape, self.values) = (name, shape, values)
    }
}

/// What a pass computes on the way to the logits.
///
/// The numbers are those that transformers returns with `output_attentions` (eager) and
/// `output_hidden_states`.
public struct QFormerTrace: Sendable {
    /// Class scores before softmax, Float32 (B, classes).
    public let logits: [Float]
    private let configuration: QFormerConfiguration
    private let rows: ClipRows
    private let output: [Float]
    /// Before the first layer and after each, Float32 (B·S, width).
    private let states: [[Float]]
    /// Of each cross-attention layer, Float32 (N, K, Q, L), for N sequences of frame tokens.
    private let probabilities: [[Float]]

    init(
        logits: [Float], _ configuration: QFormerConfiguration, rows: ClipRows, output: [Float],
        states: [[Float]], probabilities: [[Float]]
    ) {
        self.logits = logits
        self.configuration = configuration
        self.rows = rows
        self.output = output
        self.states = states
        self.probabilities = probabilities
    }

    /// `attention`, `query_output` and `hidden_states` of one clip.
    public func tensors(ofClip clip: Int) -> [TraceTensor] {
        [attention(ofClip: clip), queryOutput(ofClip: clip), hiddenStates(ofClip: clip)]
    }

    /// What the queries read of the frame tokens: (cross-attention layers, heads, Q, T·L).
    ///
    /// Where a query reads one frame, its row holds the frames' queries of that number side by
    /// side: the tokens of each frame add up to 1.
    public func attention(ofClip clip: Int) -> TraceTensor {
        let (sequences, heads, queries) = (
            configuration.sequencesPerClip, configuration.numAttentionHeads,
            configuration.numQueryTokens
        )
        let size = (probabilities.first?.count ?? 0) / (rows.numClips * sequences)
        let length = size / (heads * queries)
        var values: [Float] = []
        values.reserveCapacity(probabilities.count * sequences * size)
        for layer in probabilities {
            for row in 0..<heads * queries {
                for sequence in clip * sequences..<(clip + 1) * sequences {
                    let start = sequence * size + row * length
                    values += layer[start..<start + length]
                }
            }
        }
        return TraceTensor(
            "attention", shape: [probabilities.count, heads, queries, sequences * length], values)
    }

    /// The mean of the last cross-attention layer's probabilities over heads and queries, Float32
    /// (T·L).
    public func meanAttention(ofClip clip: Int) -> [Float] {
        let attention = attention(ofClip: clip)
        let length = attention.shape[3]
        let numRows = attention.shape[1] * attention.shape[2]
        var mean = [Float](repeating: 0, count: length)
        for (place, value) in attention.values.suffix(numRows * length).enumerated() {
            mean[place % length] += value / Float(numRows)
        }
        return mean
    }

    /// What the head reads: (Q, width), of all frames' queries where frames have their own.
    public func queryOutput(ofClip clip: Int) -> TraceTensor {
        let size = output.count / rows.numClips
        return TraceTensor(
            "query_output", shape: [size / configuration.hiddenSize, configuration.hiddenSize],
            Array(output[clip * size..<(clip + 1) * size]))
    }

    /// Queries, then the prompt without padding, before the first layer and after each:
    /// (layers + 1, rows, width).
    public func hiddenStates(ofClip clip: Int) -> TraceTensor {
        let width = configuration.hiddenSize
        let own = rows.numQueries + (rows.textLengths.isEmpty ? 0 : rows.textLengths[clip])
        let start = clip * rows.rowsPerClip * width
        return TraceTensor(
            "hidden_states", shape: [states.count, own, width],
            states.flatMap { $0[start..<start + own * width] })
    }
}

/// What the queries read of each patch of each frame; what they read of CLS is left out.
public struct AttentionMap: Sendable, Equatable {
    /// Frames, T.
    public let numFrames: Int
    /// Rows and columns of a frame: patches, or groups of four.
    public let gridSize: Int
    /// Float32 (T, `gridSize`, `gridSize`).
    public let values: [Float]

    /// Takes the means of one clip, Float32 (T·L), whose frames have CLS first, as
    /// `QFormerTrace.meanAttention` gives them.
    ///
    /// `nil` if CLS is all that is kept of a frame, or the other tokens are not a square.
    public init?(_ mean: [Float], numFrames: Int) {
        guard numFrames > 0, mean.count.isMultiple(of: numFrames) else { return nil }
        let length = mean.count / numFrames
        let gridSize = Int(Double(length - 1).squareRoot())
        guard gridSize > 0, gridSize * gridSize == length - 1 else { return nil }
        self.numFrames = numFrames
        self.gridSize = gridSize
        values = (0..<numFrames).flatMap { mean[$0 * length + 1..<($0 + 1) * length] }
    }

    /// UInt8 (frames, `gridSize`, `gridSize`), 255 for the largest value of all T frames.
    public func bytes(ofFrames frames: [Int]) -> [UInt8] {
        let area = gridSize * gridSize
        let largest = max(values.max() ?? 0, .leastNormalMagnitude)
        return frames.flatMap { frame in
            values[frame * area..<(frame + 1) * area].map {
                UInt8((255 * max(0, $0) / largest).rounded())
            }
        }
    }
}
