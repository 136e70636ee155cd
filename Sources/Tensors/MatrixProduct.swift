import CDNNL

/// oneDNN cannot do a product, such as bfloat16 on a processor without it.
public struct ProductError: Error, Equatable, CustomStringConvertible {
    /// oneDNN's status code (`dnnl_status_t`).
    public let status: Int32

    /// The refusal with oneDNN's code.
    public var description: String { "oneDNN refuses the matrix product (status \(status))" }
}

/// Memory that products need while they run; each thread has its own.
public struct ProductScratch: Sendable {
    private var bytes: [UInt8] = []

    /// Starts empty, and grows with the products.
    public init() {}

    /// At least `count` bytes, aligned to cache lines.
    fileprivate mutating func withMemory<Result>(
        _ count: Int, _ body: (UnsafeMutableRawPointer) -> Result
    ) -> Result {
        if bytes.count < count + 64 { bytes = [UInt8](repeating: 0, count: count + 64) }
        return unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { preconditionFailure("64 bytes at least") }
            return unsafe body(start.alignedUp(toMultipleOf: 64))
        }
    }
}

/// A matrix B in the layout and type that a `MatrixProduct` prefers.
@safe public final class PackedMatrix: Sendable {
    // Guard: written before it is shared, and only read from then on.
    nonisolated(unsafe) fileprivate let bytes: UnsafeMutableRawPointer

    fileprivate init(count: Int) {
        unsafe bytes = .allocate(byteCount: count, alignment: 64)
    }

    deinit { unsafe bytes.deallocate() }
}

/// A matrix product that is set up once and run often, by oneDNN on the calling thread.
///
/// Sums are kept in float32 (int32 for int8). The same operands give the same bits on any thread.
/// Source: oneDNN's matmul primitive.
@safe public final class MatrixProduct: Sendable {
    /// What becomes of the product A·B.
    public enum Finish: Sendable {
        /// C = A·B.
        case store
        /// C += A·B.
        case add
        /// C = gelu(A·B), with the error function.
        case gelu
        /// C = x·sigmoid(1.702·x) for x = A·B.
        case quickGELU

        fileprivate var code: vb_finish {
            switch self {
            case .store: VB_STORE
            case .add: VB_ADD
            case .gelu: VB_GELU
            case .quickGELU: VB_QUICK_GELU
            }
        }
    }

    /// Where the elements of a batch of matrices lie: from one matrix, row and column to the next.
    public struct Strides: Sendable {
        let matrix: Int
        let row: Int
        let column: Int

        /// Describes a layout; all in elements.
        public init(matrix: Int = 0, row: Int, column: Int = 1) {
            self.matrix = matrix
            self.row = row
            self.column = column
        }

        fileprivate var tuple: (Int64, Int64, Int64) { (Int64(matrix), Int64(row), Int64(column)) }

        fileprivate func extent(batch: Int, rows: Int, columns: Int) -> Int {
            (batch - 1) * matrix + (rows - 1) * row + (columns - 1) * column + 1
        }
    }

    // Guard: oneDNN's primitives are immutable, and each run brings its own scratch memory.
    nonisolated(unsafe) private let product: OpaquePointer
    private let extents: (a: Int, b: Int, c: Int)
    private let types: (input: MatrixElementType, output: MatrixElementType)
    private let scratchSize: Int
    /// Whether oneDNN has only its reference implementation, which is a hundred times slower.
    let isReference: Bool
    /// Bytes of a packed B; 0 if B is taken as it is.
    private let packedSize: Int
    /// B, if it is the same in every run.
    private let weights: PackedMatrix?

    /// Sets up C (rows, outputs) = finish(A (rows, inputs) · Wᵀ + bias) with fixed weights.
    ///
    /// A is of type `input`, C of type `output`, both dense. `weights` are Float32 (outputs,
    /// inputs), `bias` Float32 (outputs). The weights are copied, as `input`, to the layout that
    /// oneDNN prefers on this processor.
    /// - Precondition: `input` is not int8; `weights.count` is a multiple of `bias.count`.
    /// - Throws: `ProductError` if the processor cannot do it.
    public convenience init(
        rows: Int, weights: Span<Float>, bias: Span<Float>, input: MatrixElementType,
        output: MatrixElementType, finish: Finish = .store
    ) throws(ProductError) {
        precondition(weights.count.isMultiple(of: bias.count) && input != .int8)
        let shape = Self.denseShape(
            rows: rows, outputs: bias.count, inputs: weights.count / bias.count, input, output,
            finish, given: .float32)
        try unsafe self.init(shape, bias: bias, weights: weights.bytes)
    }

    /// Sets up C (rows, outputs) = A (rows, inputs) · Wᵀ, int8 by int8 to Float32.
    ///
    /// `weights` are Int8 (outputs, inputs). The columns of C are scaled as they say; the scales of
    /// A's rows are the caller's to apply.
    /// - Throws: `ProductError` if the processor cannot do it.
    public convenience init(rows: Int, weights: QuantizedMatrix) throws(ProductError) {
        let outputs = weights.scales.count
        let shape = Self.denseShape(
            rows: rows, outputs: outputs, inputs: weights.values.count / outputs, .int8, .float32,
            .store, given: .int8)
        try unsafe self.init(
            shape, scales: weights.scales.span, weights: weights.values.span.bytes)
    }

    /// Sets up `batch` products C (m, n) = finish(A (m, k) · B (k, n)) of matrices anywhere in
    /// memory.
    ///
    /// A and B are of type `input`, C of type `output`. If `packsB` is set, B is Float32 in memory
    /// and `pack` makes it ready for `run`.
    /// - Precondition: one product if `packsB` is set.
    /// - Throws: `ProductError` if the processor cannot do it.
    public convenience init(
        batch: Int = 1, m: Int, n: Int, k: Int, a: Strides, b: Strides, c: Strides,
        input: MatrixElementType, output: MatrixElementType, finish: Finish = .store,
        packsB: Bool = false
    ) throws(ProductError) {
        precondition(batch == 1 || !packsB)
        let shape = vb_product_shape(
            batch: Int64(batch), m: Int64(m), n: Int64(n), k: Int64(k), a_strides: a.tuple,
            b_strides: b.tuple, c_strides: c.tuple, input: input.code, output: output.code,
            finish: finish.code, packs_b: packsB ? 1 : 0,
            given: packsB ? VB_FLOAT32 : input.code)
        try self.init(shape)
    }

    deinit { unsafe vb_product_destroy(product) }

    private init(
        _ shape: vb_product_shape, bias: Span<Float>? = nil, scales: Span<Float>? = nil,
        weights: RawSpan? = nil
    ) throws(ProductError) {
        var shape = shape
        var product: OpaquePointer?
        let status = unsafe withBaseAddress(bias) { bias in
            unsafe withBaseAddress(scales) { scales in
                unsafe vb_product_create(&shape, bias, scales, &product)
            }
        }
        guard status == 0, let product = unsafe product else { throw ProductError(status: status) }
        unsafe self.product = product
        let (batch, m, n, k) = (Int(shape.batch), Int(shape.m), Int(shape.n), Int(shape.k))
        func extent(_ strides: (Int64, Int64, Int64), _ rows: Int, _ columns: Int) -> Int {
            Strides(matrix: Int(strides.0), row: Int(strides.1), column: Int(strides.2))
                .extent(batch: batch, rows: rows, columns: columns)
        }
        extents = (
            extent(shape.a_strides, m, k), extent(shape.b_strides, k, n),
            extent(shape.c_strides, m, n)
        )
        types = (Self.type(of: shape.input), Self.type(of: shape.output))
        isReference = unsafe vb_product_is_reference(product) != 0
        scratchSize = unsafe vb_product_scratch_size(product)
        packedSize = unsafe vb_product_packed_size(product)
        guard let weights else {
            self.weights = nil
            return
        }
        let packed = PackedMatrix(count: packedSize)
        unsafe weights.withUnsafeBytes { weights in
            guard let weights = weights.baseAddress else { return }
            unsafe Self.pack(weights, product, into: packed.bytes)
        }
        self.weights = packed
    }

    private static func type(of code: vb_element) -> MatrixElementType {
        switch code {
        case VB_BFLOAT16: .bfloat16
        case VB_INT8: .int8
        default: .float32
        }
    }

    private static func denseShape(
        rows: Int, outputs: Int, inputs: Int, _ input: MatrixElementType,
        _ output: MatrixElementType, _ finish: Finish, given: MatrixElementType
    ) -> vb_product_shape {
        vb_product_shape(
            batch: 1, m: Int64(rows), n: Int64(outputs), k: Int64(inputs),
            a_strides: Strides(row: inputs).tuple, b_strides: Strides(row: 1, column: inputs).tuple,
            c_strides: Strides(row: outputs).tuple, input: input.code, output: output.code,
            finish: finish.code, packs_b: 1, given: given.code)
    }

    // MARK: - Packing

    /// Copies `b`, Float32 (k, n) at the product's strides, to the layout and type that it prefers.
    /// - Precondition: the product packs B; `b` holds every element that the strides reach.
    public func pack(_ b: Span<Float>) -> PackedMatrix {
        precondition(packedSize > 0 && b.count >= extents.b)
        let packed = PackedMatrix(count: packedSize)
        unsafe b.withUnsafeBytes { b in
            guard let b = b.baseAddress else { return }
            unsafe Self.pack(b, product, into: packed.bytes)
        }
        return packed
    }

    private static func pack(
        _ b: UnsafeRawPointer, _ product: OpaquePointer, into packed: UnsafeMutableRawPointer
    ) {
        let status = unsafe vb_product_pack(product, b, packed)
        precondition(status == 0, "oneDNN could not pack a matrix (\(status))")
    }

    // MARK: - Running

    /// Runs the product with the weights it was given: A (rows, inputs) to C (rows, outputs).
    /// - Precondition: the element types are those of the product, and there are enough elements.
    public func run<Input: MatrixElement, Output: MatrixElement>(
        _ a: Span<Input>, into c: inout MutableSpan<Output>, _ scratch: inout ProductScratch
    ) {
        guard let weights else { preconditionFailure("a product without weights of its own") }
        run(a, weights, into: &c, &scratch)
    }

    /// Runs the product of A (m, k) and `b`, which this product packed, to C (m, n).
    /// - Precondition: the element types are those of the product, and there are enough elements.
    public func run<Input: MatrixElement, Output: MatrixElement>(
        _ a: Span<Input>, _ b: PackedMatrix, into c: inout MutableSpan<Output>,
        _ scratch: inout ProductScratch
    ) {
        unsafe run(a, b: b.bytes, into: &c, &scratch)
    }

    /// Runs the products of A (batch, m, k) and B (batch, k, n) to C (batch, m, n).
    /// - Precondition: the product does not pack B; the element types are those of the product, and
    ///   there are enough elements.
    public func run<Input: MatrixElement, Output: MatrixElement>(
        _ a: Span<Input>, _ b: Span<Input>, into c: inout MutableSpan<Output>,
        _ scratch: inout ProductScratch
    ) {
        precondition(packedSize == 0 && b.count >= extents.b)
        unsafe b.withUnsafeBytes { b in
            guard let b = b.baseAddress else { return }
            unsafe run(a, b: b, into: &c, &scratch)
        }
    }

    private func run<Input: MatrixElement, Output: MatrixElement>(
        _ a: Span<Input>, b: UnsafeRawPointer, into c: inout MutableSpan<Output>,
        _ scratch: inout ProductScratch
    ) {
        precondition(Input.elementType == types.input && Output.elementType == types.output)
        precondition(a.count >= extents.a && c.count >= extents.c)
        unsafe a.withUnsafeBytes { a in
            unsafe c.withUnsafeMutableBytes { c in
                guard let a = a.baseAddress, let c = c.baseAddress else { return }
                unsafe scratch.withMemory(scratchSize) { unsafe execute(a, b, c, $0) }
            }
        }
    }

    private func execute(
        _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ c: UnsafeMutableRawPointer,
        _ memory: UnsafeMutableRawPointer
    ) {
        let status = unsafe vb_product_run(product, a, b, c, memory)
        precondition(status == 0, "oneDNN could not run a product that it had set up (\(status))")
    }
}

/// The address of `values`, or `nil`.
private func withBaseAddress(
    _ values: Span<Float>?, _ body: (UnsafePointer<Float>?) -> Int32
) -> Int32 {
    guard let values else { return body(nil) }
    return unsafe values.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
}
