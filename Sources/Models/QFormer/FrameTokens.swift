import Synchronization
import Tensors

/// Number format of a Q-Former's large products; sums, softmax and weights are Float32.
public enum TrainingPrecision: String, Sendable, Codable, CaseIterable {
    case float32, bfloat16

    var element: MatrixElementType { self == .bfloat16 ? .bfloat16 : .float32 }

    /// Checks that the processor supports it.
    /// - Throws: `ModelError.precisionUnavailable`.
    public func requireAvailable() throws(ModelError) {
        guard self == .bfloat16 else { return }
        do throws(ProductError) {
            _ = try FrameTokens.product(rows: 1, inner: 1, columns: 1, isTransposed: true, element)
        } catch {
            throw .precisionUnavailable(rawValue, reason: "\(error)")
        }
    }
}

/// The frozen frame tokens X of a batch of clips, and the two products that attention needs.
///
/// A query reads one sequence: the tokens of all frames of its clip, or those of one frame. All
/// cross-attention layers compute both products, forward and backward, so X is packed for them once
/// where oneDNN computes them. The products run on the calling thread.
public struct FrameTokens: Sendable {
    /// Rows of the batch, B: questions, of which several may be about one clip.
    public let numClips: Int
    /// Sequences of a clip, each of which is read by queries of its own: its frames, or 1.
    let sequencesPerClip: Int
    /// Tokens of a sequence, L: of a frame, or of all frames.
    let tokensPerSequence: Int
    /// Width of a token, E.
    public let width: Int
    /// Tokens of each sequence that count; those after them are padding, to which nothing attends.
    let lengths: [Int]
    /// Number format of the Q-Former's large products.
    public let precision: TrainingPrecision
    private let storage: Storage
    /// Where the tokens of each row are stored.
    private let places: [Int]
    /// Times of the frames of each stored clip in seconds; empty without temporal positions.
    private let times: [[Double]]

    private enum Storage: Sendable {
        /// Float32 (sequences, L, E) for each clip, for OpenBLAS.
        case plain([[Float]])
        case packed(PackedTokens)
    }

    /// Takes the tokens of `numClips` clips for a Q-Former of the shape `qformer`, which gives E.
    /// - Parameters:
    ///   - numClips: B, at least 1.
    ///   - tokensPerClip: Frames times tokens per frame, at least 1.
    ///   - qformer: Shape of the Q-Former, which says whether a frame or a clip is a sequence.
    ///   - precision: Number format of its large products.
    ///   - lengths: Tokens of each sequence that count, from 1 to L; all of them if `nil`.
    ///   - identities: Rows with equal numbers have the same tokens, which are read and packed
    ///     once; all differ if `nil`.
    ///   - times: Gives the seconds at which the frames of one row were shown, `nil` for one second
    ///     apart. It is asked only for a Q-Former with temporal positions.
    ///   - clip: Gives the tokens of one row, Float32 (frames, tokens per frame, E).
    /// - Precondition: `precision` is available; `tokensPerClip` is a multiple of the Q-Former's
    ///   frames; there is a length for each sequence.
    /// - Throws: What `times` and `clip` throw.
    public init(
        numClips: Int, tokensPerClip: Int, qformer: QFormerConfiguration,
        precision: TrainingPrecision = .float32, lengths: [Int]? = nil, identities: [Int]? = nil,
        times: (Int) throws -> [Double]? = { _ in nil }, clip: (Int) throws -> [Float]
    ) rethrows {
        precondition(
            numClips > 0 && tokensPerClip > 0
                && tokensPerClip.isMultiple(of: qformer.frameOrder?.numFrames ?? 1),
            "\(tokensPerClip) tokens of \(qformer.frameOrder?.numFrames ?? 1) frames")
        self.numClips = numClips
        let sequencesPerClip = qformer.sequencesPerClip
        self.sequencesPerClip = sequencesPerClip
        let tokensPerSequence = tokensPerClip / sequencesPerClip
        self.tokensPerSequence = tokensPerSequence
        self.precision = precision
        let width = qformer.encoderHiddenSize
        self.width = width
        self.lengths =
            lengths ?? Array(repeating: tokensPerSequence, count: numClips * sequencesPerClip)
        precondition(
            self.lengths.count == numClips * sequencesPerClip
                && self.lengths.allSatisfy { 1...tokensPerSequence ~= $0 },
            "lengths \(self.lengths)")
        let (places, firstRows) = Self.places(numClips: numClips, identities)
        self.places = places
        self.times = try Self.times(of: firstRows, order: qformer.frameOrder, times)
        func wholeClip(_ row: Int) throws -> [Float] {
            let x = try clip(row)
            precondition(x.count == tokensPerClip * width, "a clip of \(x.count) numbers")
            return x
        }
        if precision == .float32, GemmLibrary.preferred == .openBLAS {
            storage = .plain(try firstRows.map(wholeClip))
            return
        }
        let packed = try? PackedTokens(
            tokensPerSequence: tokensPerSequence, width: width,
            rows: qformer.headsPerBlock * qformer.numQueryTokens, precision.element)
        guard var packed else {
            preconditionFailure("\(precision) was begun without requireAvailable")
        }
        for row in firstRows {
            let x = try wholeClip(row)
            let size = tokensPerSequence * width
            for sequence in 0..<sequencesPerClip {
                packed.append(x.span.extracting(sequence * size..<(sequence + 1) * size))
            }
        }
        storage = .packed(packed)
    }

    /// Where the tokens of each row are stored, and the first row of each place.
    private static func places(
        numClips: Int, _ identities: [Int]?
    ) -> (places: [Int], firstRows: [Int]) {
        var (places, firstRows): ([Int], [Int]) = ([], [])
        var known: [Int: Int] = [:]
        for row in 0..<numClips {
            let identity = identities?[row] ?? row
            if known[identity] == nil {
                known[identity] = firstRows.count
                firstRows.append(row)
            }
            places.append(known[identity] ?? 0)
        }
        return (places, firstRows)
    }

    /// The times of the frames of `rows`, one second apart where `times` gives none; empty if `order`
    /// has no positions.
    private static func times(
        of rows: [Int], order: FrameOrder?, _ times: (_ row: Int) throws -> [Double]?
    ) rethrows -> [[Double]] {
        guard let order, order.position != .none else { return [] }
        return try rows.map { row in
            let times = try times(row) ?? (0..<order.numFrames).map(Double.init)
            precondition(times.count == order.numFrames, "\(times.count) frame times")
            return times
        }
    }

    /// Takes `values`, Float32 (B, L, E), for a Q-Former of the shape `qformer`, which gives E.
    /// - Precondition: the count is a multiple of `numClips · E`, and not 0; lengths are from 1 to
    ///   L; `precision` is available.
    public init(
        _ values: [Float], numClips: Int, qformer: QFormerConfiguration,
        precision: TrainingPrecision = .float32, lengths: [Int]? = nil
    ) {
        let width = qformer.encoderHiddenSize
        precondition(
            numClips > 0 && !values.isEmpty && values.count.isMultiple(of: numClips * width),
            "\(values.count) features for \(numClips) clips of width \(width)")
        let size = values.count / numClips
        self.init(
            numClips: numClips, tokensPerClip: size / width, qformer: qformer,
            precision: precision, lengths: lengths, times: { _ in nil }
        ) { Array(values[$0 * size..<($0 + 1) * size]) }
    }

    /// All sequences of the batch, those of a clip one after the other.
    var numSequences: Int { numClips * sequencesPerClip }

    /// When the frames of the clips were shown, in seconds: B·T of them, clip by clip.
    var frameTimes: [Double] { times.isEmpty ? [] : places.flatMap { times[$0] } }

    /// A·Xᵀ of `sequence`: A Float32 (rows, E), result Float32 (rows, L).
    ///
    /// The rows are those of a block of heads.
    func scores(of a: [Float], sequence: Int) -> [Float] {
        let (clip, part) = place(of: sequence)
        return switch storage {
        case .plain(let x):
            multiply(a, x[clip], part, inner: width, columns: tokensPerSequence, true)
        case .packed(let packed): packed.scores(of: a, place: clip * sequencesPerClip + part)
        }
    }

    /// P·X of `sequence`: P Float32 (rows, L), result Float32 (rows, E).
    ///
    /// The rows are those of a block of heads.
    func mixture(of p: [Float], sequence: Int) -> [Float] {
        let (clip, part) = place(of: sequence)
        return switch storage {
        case .plain(let x):
            multiply(p, x[clip], part, inner: tokensPerSequence, columns: width, false)
        case .packed(let packed): packed.mixture(of: p, place: clip * sequencesPerClip + part)
        }
    }

    /// Where the clip of `sequence` is stored, and which of its sequences it is.
    private func place(of sequence: Int) -> (clip: Int, part: Int) {
        let (row, part) = sequence.quotientAndRemainder(dividingBy: sequencesPerClip)
        return (places[row], part)
    }

    /// A or P times sequence `part` of the clip `x`.
    private func multiply(
        _ a: [Float], _ x: [Float], _ part: Int, inner: Int, columns: Int, _ isTransposed: Bool
    ) -> [Float] {
        let rows = a.count / inner
        return [Float](count: rows * columns) { result in
            gemm(
                GemmShape(m: rows, n: columns, k: inner, transposeB: isTransposed), a.span,
                x.span.extracting(part * inner * columns..<(part + 1) * inner * columns),
                into: &result)
        }
    }

    /// A (rows, inner) · B (inner, columns), with B as (columns, inner) in memory if transposed.
    fileprivate static func product(
        rows: Int, inner: Int, columns: Int, isTransposed: Bool, _ element: MatrixElementType
    ) throws(ProductError) -> MatrixProduct {
        typealias Strides = MatrixProduct.Strides
        return try MatrixProduct(
            m: rows, n: columns, k: inner, a: Strides(row: inner),
            b: isTransposed ? Strides(row: 1, column: inner) : Strides(row: columns),
            c: Strides(row: columns), input: element, output: .float32, packsB: true)
    }
}

/// Frame tokens in the layouts that oneDNN prefers for the two products.
private struct PackedTokens: Sendable {
    private let scores: MatrixProduct
    private let mixture: MatrixProduct
    private var sequences: [Sequence] = []
    private let rows: Int
    private let tokensPerSequence: Int
    private let width: Int
    private let element: MatrixElementType
    private let pool = ScratchPool()

    private struct Sequence: Sendable {
        /// Xᵀ, packed for `scores`.
        let transposed: PackedMatrix
        /// X, packed for `mixture`.
        let plain: PackedMatrix
    }

    init(
        tokensPerSequence: Int, width: Int, rows: Int, _ element: MatrixElementType
    ) throws(ProductError) {
        self.rows = rows
        self.width = width
        self.tokensPerSequence = tokensPerSequence
        self.element = element
        scores = try FrameTokens.product(
            rows: rows, inner: width, columns: tokensPerSequence, isTransposed: true, element)
        mixture = try FrameTokens.product(
            rows: rows, inner: tokensPerSequence, columns: width, isTransposed: false, element)
    }

    /// Packs the tokens of the next sequence, Float32 (L, E).
    mutating func append(_ x: Span<Float>) {
        sequences.append(Sequence(transposed: scores.pack(x), plain: mixture.pack(x)))
    }

    /// A·Xᵀ of stored sequence `place`: A Float32 (rows, E), result Float32 (rows, L).
    func scores(of a: [Float], place: Int) -> [Float] {
        run(scores, a, sequences[place].transposed, inner: width, columns: tokensPerSequence)
    }

    /// P·X of stored sequence `place`: P Float32 (rows, L), result Float32 (rows, E).
    func mixture(of p: [Float], place: Int) -> [Float] {
        run(mixture, p, sequences[place].plain, inner: tokensPerSequence, columns: width)
    }

    private func run(
        _ product: MatrixProduct, _ a: [Float], _ x: PackedMatrix, inner: Int, columns: Int
    ) -> [Float] {
        precondition(a.count == rows * inner, "\(a.count) numbers in \(rows) rows of \(inner)")
        var scratch = pool.take()
        defer { pool.give(scratch) }
        return [Float](count: rows * columns) { result in
            guard element == .bfloat16 else {
                return product.run(a.span, x, into: &result, &scratch)
            }
            var narrow = [BFloat16](repeating: .zero, count: a.count)
            BFloat16.narrow(a, into: &narrow)
            product.run(narrow.span, x, into: &result, &scratch)
        }
    }
}

/// Scratch memory that waits for the next product.
private final class ScratchPool: Sendable {
    private let idle = Mutex<[ProductScratch]>([])

    func take() -> ProductScratch { idle.withLock { $0.popLast() } ?? ProductScratch() }

    func give(_ scratch: ProductScratch) { idle.withLock { $0.append(scratch) } }
}

extension QFormerConfiguration {
    /// Heads whose query rows are multiplied with frame tokens at once.
    ///
    /// As many as divide all heads and make 192 rows, which is enough for full speed; at least one.
    var headsPerBlock: Int {
        (1...numAttentionHeads).last {
            numAttentionHeads.isMultiple(of: $0) && $0 * numQueryTokens <= 192
        } ?? 1
    }
}
