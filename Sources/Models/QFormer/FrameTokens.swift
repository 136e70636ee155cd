import Synchronization
import Tensors

/// In which numbers the products with frame tokens are done; sums, softmax and weights are Float32.
public enum TrainingPrecision: String, Sendable, Codable, CaseIterable {
    case float32, bfloat16

    /// Checks that the processor has it.
    /// - Throws: `ModelError.precisionUnavailable`.
    public func requireAvailable() throws(ModelError) {
        guard self == .bfloat16 else { return }
        do throws(ProductError) {
            _ = try FrameTokens.product(rows: 1, inner: 1, columns: 1, isTransposed: true)
        } catch {
            throw .precisionUnavailable(rawValue, reason: "\(error)")
        }
    }
}

/// The frozen frame tokens X of a batch of clips, and the two products that attention needs.
///
/// The products run on the calling thread.
public struct FrameTokens: Sendable {
    /// Clips, B.
    public let numClips: Int
    /// Frames times tokens per frame, L.
    public let tokensPerClip: Int
    /// Width of a token, E.
    public let width: Int
    private let storage: Storage

    private enum Storage: Sendable {
        /// (B, L, E).
        case float32([Float])
        /// (B, L, E).
        case bfloat16([BFloat16], ScratchPool)
    }

    /// Takes `values`, Float32 (B, L, E).
    /// - Precondition: the count is a multiple of `numClips · width`, and not 0.
    public init(
        _ values: [Float], numClips: Int, width: Int, precision: TrainingPrecision = .float32
    ) {
        precondition(
            numClips > 0 && width > 0 && !values.isEmpty
                && values.count.isMultiple(of: numClips * width),
            "\(values.count) features for \(numClips) clips of width \(width)")
        self.numClips = numClips
        self.width = width
        tokensPerClip = values.count / (numClips * width)
        switch precision {
        case .float32:
            storage = .float32(values)
        case .bfloat16:
            var narrow = [BFloat16](repeating: .zero, count: values.count)
            BFloat16.narrow(values, into: &narrow)
            storage = .bfloat16(narrow, ScratchPool())
        }
    }

    /// A·Xᵀ of clip `clip`: A Float32 (rows, E), result Float32 (rows, L).
    func scores(of a: [Float], clip: Int) -> [Float] {
        multiply(a, clip, inner: width, columns: tokensPerClip, isTransposed: true)
    }

    /// P·X of clip `clip`: P Float32 (rows, L), result Float32 (rows, E).
    func mixture(of p: [Float], clip: Int) -> [Float] {
        multiply(p, clip, inner: tokensPerClip, columns: width, isTransposed: false)
    }

    private func multiply(
        _ a: [Float], _ clip: Int, inner: Int, columns: Int, isTransposed: Bool
    ) -> [Float] {
        let rows = a.count / inner
        let range = clip * tokensPerClip * width..<(clip + 1) * tokensPerClip * width
        var result = [Float](repeating: 0, count: rows * columns)
        var span = result.mutableSpan
        switch storage {
        case .float32(let x):
            gemm(
                GemmShape(m: rows, n: columns, k: inner, transposeB: isTransposed), a.span,
                x.span.extracting(range), into: &span)
        case .bfloat16(let x, let pool):
            var narrow = [BFloat16](repeating: .zero, count: a.count)
            BFloat16.narrow(a, into: &narrow)
            // oneDNN caches what it compiles, so setting the product up again is cheap.
            guard
                let product = try? Self.product(
                    rows: rows, inner: inner, columns: columns, isTransposed: isTransposed)
            else { preconditionFailure("bfloat16 was begun without requireAvailable") }
            var scratch = pool.take()
            product.run(narrow.span, x.span.extracting(range), into: &span, &scratch)
            pool.give(scratch)
        }
        return result
    }

    /// A (rows, inner) · B (inner, columns), with B as (columns, inner) in memory if transposed.
    fileprivate static func product(
        rows: Int, inner: Int, columns: Int, isTransposed: Bool
    ) throws(ProductError) -> MatrixProduct {
        typealias Strides = MatrixProduct.Strides
        let size = inner * columns
        return try MatrixProduct(
            batch: 1, m: rows, n: columns, k: inner, a: Strides(matrix: rows * inner, row: inner),
            b: isTransposed
                ? Strides(matrix: size, row: 1, column: inner)
                : Strides(matrix: size, row: columns),
            c: Strides(matrix: rows * columns, row: columns), input: .bfloat16, output: .float32)
    }
}

/// Scratch memory that waits for the next product.
private final class ScratchPool: Sendable {
    private let idle = Mutex<[ProductScratch]>([])

    func take() -> ProductScratch { idle.withLock { $0.popLast() } ?? ProductScratch() }

    func give(_ scratch: ProductScratch) { idle.withLock { $0.append(scratch) } }
}
