import Synchronization
import Tensors

/// In which numbers a Q-Former's large products are done; sums, softmax and weights are Float32.
public enum TrainingPrecision: String, Sendable, Codable, CaseIterable {
    case float32, bfloat16

    var element: MatrixElementType { self == .bfloat16 ? .bfloat16 : .float32 }

    /// Checks that the processor has it.
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
/// Both are done by all cross-attention layers, forward and backward, so X is packed for them once,
/// where oneDNN does them. The products run on the calling thread.
public struct FrameTokens: Sendable {
    /// Rows of the batch, B: questions, of which several may be about one clip.
    public let numClips: Int
    /// Frames times tokens per frame, L.
    public let tokensPerClip: Int
    /// Width of a token, E.
    public let width: Int
    /// Tokens of each clip that count; those after them are padding, to which nothing attends.
    public let lengths: [Int]
    /// In which numbers the Q-Former multiplies.
    public let precision: TrainingPrecision
    private let storage: Storage
    /// Where the tokens of each row are stored.
    private let places: [Int]

    private enum Storage: Sendable {
        /// Float32 (L, E) for each clip, for OpenBLAS.
        case plain([[Float]])
        case packed(PackedTokens)
    }

    /// Takes the tokens of `numClips` clips for a Q-Former of the shape `qformer`, which gives E.
    /// - Parameters:
    ///   - numClips: B, at least 1.
    ///   - tokensPerClip: L, at least 1.
    ///   - qformer: Shape of the Q-Former.
    ///   - precision: In which numbers it multiplies.
    ///   - lengths: Tokens of each clip that count, from 1 to L; all of them if `nil`.
    ///   - identities: Rows with equal numbers have the same tokens, which are read and packed once;
    ///     all differ if `nil`.
    ///   - clip: Gives the tokens of one row, Float32 (L, E).
    /// - Throws: what `clip` throws.
    public init(
        numClips: Int, tokensPerClip: Int, qformer: QFormerConfiguration,
        precision: TrainingPrecision = .float32, lengths: [Int]? = nil, identities: [Int]? = nil,
        clip: (Int) throws -> [Float]
    ) rethrows {
        precondition(numClips > 0 && tokensPerClip > 0)
        self.numClips = numClips
        self.tokensPerClip = tokensPerClip
        self.precision = precision
        width = qformer.encoderHiddenSize
        self.lengths = lengths ?? Array(repeating: tokensPerClip, count: numClips)
        precondition(
            self.lengths.count == numClips
                && self.lengths.allSatisfy { 1...tokensPerClip ~= $0 }, "lengths \(self.lengths)")
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
        self.places = places
        if precision == .float32, GemmLibrary.preferred == .openBLAS {
            storage = .plain(try firstRows.map(clip))
            return
        }
        let packed = try? PackedTokens(
            tokensPerClip: tokensPerClip, width: width,
            rows: qformer.headsPerBlock * qformer.numQueryTokens, precision.element)
        guard var packed else {
            preconditionFailure("\(precision) was begun without requireAvailable")
        }
        for row in firstRows { packed.append(try clip(row)) }
        storage = .packed(packed)
    }

    /// Takes `values`, Float32 (B, L, E), for a Q-Former of the shape `qformer`, which gives E.
    /// - Precondition: the count is a multiple of `numClips · E`, and not 0; lengths are from 1 to L.
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
            precision: precision, lengths: lengths
        ) { Array(values[$0 * size..<($0 + 1) * size]) }
    }

    /// A·Xᵀ of clip `clip`: A Float32 (rows, E), result Float32 (rows, L).
    ///
    /// The rows are those of a block of heads.
    func scores(of a: [Float], clip: Int) -> [Float] {
        switch storage {
        case .plain(let x):
            multiply(a, x[places[clip]], inner: width, columns: tokensPerClip, isTransposed: true)
        case .packed(let packed): packed.scores(of: a, clip: places[clip])
        }
    }

    /// P·X of clip `clip`: P Float32 (rows, L), result Float32 (rows, E).
    ///
    /// The rows are those of a block of heads.
    func mixture(of p: [Float], clip: Int) -> [Float] {
        switch storage {
        case .plain(let x):
            multiply(p, x[places[clip]], inner: tokensPerClip, columns: width, isTransposed: false)
        case .packed(let packed): packed.mixture(of: p, clip: places[clip])
        }
    }

    private func multiply(
        _ a: [Float], _ x: [Float], inner: Int, columns: Int, isTransposed: Bool
    ) -> [Float] {
        let rows = a.count / inner
        return [Float](count: rows * columns) { result in
            gemm(
                GemmShape(m: rows, n: columns, k: inner, transposeB: isTransposed), a.span,
                x.span, into: &result)
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

/// Frame tokens in the layouts that oneDNN likes best for its two products.
private struct PackedTokens: Sendable {
    private let scores: MatrixProduct
    private let mixture: MatrixProduct
    private var clips: [Clip] = []
    private let rows: Int
    private let tokensPerClip: Int
    private let width: Int
    private let element: MatrixElementType
    private let pool = ScratchPool()

    private struct Clip: Sendable {
        /// Xᵀ, packed for `scores`.
        let transposed: PackedMatrix
        /// X, packed for `mixture`.
        let plain: PackedMatrix
    }

    init(
        tokensPerClip: Int, width: Int, rows: Int, _ element: MatrixElementType
    ) throws(ProductError) {
        self.rows = rows
        self.width = width
        self.tokensPerClip = tokensPerClip
        self.element = element
        scores = try FrameTokens.product(
            rows: rows, inner: width, columns: tokensPerClip, isTransposed: true, element)
        mixture = try FrameTokens.product(
            rows: rows, inner: tokensPerClip, columns: width, isTransposed: false, element)
    }

    /// Packs the tokens of the next clip.
    mutating func append(_ x: [Float]) {
        precondition(x.count == tokensPerClip * width, "a clip of \(x.count) numbers")
        clips.append(Clip(transposed: scores.pack(x.span), plain: mixture.pack(x.span)))
    }

    func scores(of a: [Float], clip: Int) -> [Float] {
        run(scores, a, clips[clip].transposed, inner: width, columns: tokensPerClip)
    }

    func mixture(of p: [Float], clip: Int) -> [Float] {
        run(mixture, p, clips[clip].plain, inner: tokensPerClip, columns: width)
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
