import CDNNL

/// How numbers of matrices are stored.
public enum MatrixElementType: Sendable {
    case float32, bfloat16, int8

    var code: vb_element {
        switch self {
        case .float32: VB_FLOAT32
        case .bfloat16: VB_BFLOAT16
        case .int8: VB_INT8
        }
    }
}

/// A number that matrices can hold.
public protocol MatrixElement: BitwiseCopyable, Sendable {
    /// How oneDNN calls it.
    static var elementType: MatrixElementType { get }
}

extension Float: MatrixElement {
    /// Float32.
    public static var elementType: MatrixElementType { .float32 }
}

extension BFloat16: MatrixElement {
    /// bfloat16.
    public static var elementType: MatrixElementType { .bfloat16 }
}

extension Int8: MatrixElement {
    /// int8.
    public static var elementType: MatrixElementType { .int8 }
}

/// oneDNN cannot do a product, such as bfloat16 on a processor without it.
public struct ProductError: Error, Equatable, CustomStringConvertible {
    /// oneDNN's status code (`dnnl_status_t`).
    public let status: Int32

    /// The refusal with oneDNN's code.
    public var description: String { "oneDNN refuses the matrix product (status \(status))" }
}

/// Memory that products need while they run; each thread has its own.
public struct ProductScratch: Sendable {
    fileprivate var bytes: [UInt8] = []

    /// Starts empty, and grows with the products.
    public init() {}

    /// At least `count` bytes, aligned to cache lines.
    fileprivate mutating func withMemory<Result>(
        _ count: Int, _ body: (UnsafeMutableRawPointer?) -> Result
    ) -> Result {
        if bytes.count < count + 64 { bytes = [UInt8](repeating: 0, count: count + 64) }
        return unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe body(buffer.baseAddress?.alignedUp(toMultipleOf: 64))
        }
    }
}

/// A matrix product that is set up once and run often, by oneDNN on the calling thread.
///
/// Sums are kept in float32 (int32 for int8). The same operands give the same bits on any thread.
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
        public init(matrix: Int, row: Int, column: Int = 1) {
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

    /// Sets up C (rows, outputs) = finish(A (rows, inputs) · Wᵀ + bias) with fixed weights.
    ///
    /// `weights` are Float32 (outputs, inputs), `bias` Float32 (outputs). The weights are copied, as
    /// `input`, to the layout that the processor likes best.
    /// - Throws: `ProductError` if the processor cannot do it.
    public convenience init(
        rows: Int, weights: Span<Float>, bias: Span<Float>, input: MatrixElementType,
        output: MatrixElementType, finish: Finish = .store
    ) throws(ProductError) {
        let outputs = bias.count
        precondition(weights.count.isMultiple(of: outputs) && input != .int8)
        let shape = Self.denseShape(
            rows: rows, outputs: outputs, inputs: weights.count / outputs, input, output, finish)
        try unsafe self.init(shape) { shape, product in
            unsafe weights.withUnsafeBufferPointer { weights in
                unsafe bias.withUnsafeBufferPointer { bias in
                    unsafe vb_product_create_packed(
                        shape, weights.baseAddress, VB_FLOAT32, bias.baseAddress, nil, product)
                }
            }
        }
    }

    /// Sets up C (rows, outputs) = A (rows, inputs) · Wᵀ, int8 by int8 to Float32.
    ///
    /// The columns of C are scaled as `weights` say; the scales of A's rows are the caller's to
    /// apply.
    /// - Throws: `ProductError` if the processor cannot do it.
    public convenience init(rows: Int, weights: QuantizedMatrix) throws(ProductError) {
        let outputs = weights.scales.count
        let shape = Self.denseShape(
            rows: rows, outputs: outputs, inputs: weights.values.count / outputs, .int8, .float32,
            .store)
        try unsafe self.init(shape) { shape, product in
            unsafe weights.values.withUnsafeBufferPointer { values in
                unsafe weights.scales.withUnsafeBufferPointer { scales in
                    unsafe vb_product_create_packed(
                        shape, values.baseAddress, VB_INT8, nil, scales.baseAddress, product)
                }
            }
        }
    }

    /// Sets up `batch` products C (m, n) = A (m, k) · B (k, n) of matrices anywhere in memory.
    /// - Throws: `ProductError` if the processor cannot do it.
    public convenience init(
        batch: Int, m: Int, n: Int, k: Int, a: Strides, b: Strides, c: Strides,
        input: MatrixElementType, output: MatrixElementType
    ) throws(ProductError) {
        let shape = vb_product_shape(
            batch: Int64(batch), m: Int64(m), n: Int64(n), k: Int64(k), a_strides: a.tuple,
            b_strides: b.tuple, c_strides: c.tuple, input: input.code, output: output.code,
            finish: VB_STORE)
        try unsafe self.init(
            shape, types: (input, output),
            extents: (
                a.extent(batch: batch, rows: m, columns: k),
                b.extent(batch: batch, rows: k, columns: n),
                c.extent(batch: batch, rows: m, columns: n)
            )
        ) { shape, product in unsafe vb_product_create(shape, product) }
    }

    deinit { unsafe vb_product_destroy(product) }

    private init(
        _ shape: vb_product_shape, types: (MatrixElementType, MatrixElementType)? = nil,
        extents: (Int, Int, Int)? = nil,
        create: (UnsafePointer<vb_product_shape>, UnsafeMutablePointer<OpaquePointer?>) -> Int32
    ) throws(ProductError) {
        var shape = shape
        var product: OpaquePointer?
        let status = unsafe create(&shape, &product)
        guard status == 0, let product = unsafe product else { throw ProductError(status: status) }
        unsafe self.product = product
        let (m, n, k) = (Int(shape.m), Int(shape.n), Int(shape.k))
        self.extents = extents ?? (m * k, 0, m * n)
        self.types =
            types ?? (Self.type(of: shape.input), Self.type(of: shape.output))
        scratchSize = unsafe vb_product_scratch_size(product)
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
        _ output: MatrixElementType, _ finish: Finish
    ) -> vb_product_shape {
        let (a, c) = (
            Strides(matrix: rows * inputs, row: inputs),
            Strides(matrix: rows * outputs, row: outputs)
        )
        return vb_product_shape(
            batch: 1, m: Int64(rows), n: Int64(outputs), k: Int64(inputs), a_strides: a.tuple,
            b_strides: (0, 0, 0), c_strides: c.tuple, input: input.code, output: output.code,
            finish: finish.code)
    }

    /// Runs the product with the weights it was given.
    /// - Precondition: the element types are those of the product, and there are enough elements.
    public func run<Input: MatrixElement, Output: MatrixElement>(
        _ a: Span<Input>, into c: inout MutableSpan<Output>, _ scratch: inout ProductScratch
    ) {
        precondition(extents.b == 0)
        unsafe run(a, b: nil, into: &c, &scratch)
    }

    /// Runs the product of `a` and `b`.
    /// - Precondition: the element types are those of the product, and there are enough elements.
    public func run<Input: MatrixElement, Output: MatrixElement>(
        _ a: Span<Input>, _ b: Span<Input>, into c: inout MutableSpan<Output>,
        _ scratch: inout ProductScratch
    ) {
        precondition(extents.b > 0 && b.count >= extents.b)
        unsafe b.withUnsafeBytes { b in unsafe run(a, b: b.baseAddress, into: &c, &scratch) }
    }

    private func run<Input: MatrixElement, Output: MatrixElement>(
        _ a: Span<Input>, b: UnsafeRawPointer?, into c: inout MutableSpan<Output>,
        _ scratch: inout ProductScratch
    ) {
        precondition(Input.elementType == types.input && Output.elementType == types.output)
        precondition(a.count >= extents.a && c.count >= extents.c)
        let status = unsafe a.withUnsafeBytes { a in
            unsafe c.withUnsafeMutableBytes { c in
                unsafe scratch.withMemory(scratchSize) { memory in
                    unsafe vb_product_run(product, a.baseAddress, b, c.baseAddress, memory)
                }
            }
        }
        precondition(status == 0, "oneDNN could not run a product that it had set up (\(status))")
    }
}
