/// A matrix (rows, columns) in int8, each row with a scale of its own: value = int8 · scale.
public struct QuantizedMatrix: Sendable {
    /// Int8 (rows, columns), -127…127.
    public internal(set) var values: [Int8]
    /// Float32 (rows).
    public internal(set) var scales: [Float]

    /// Room for `rows` × `columns` numbers, all 0.
    public init(rows: Int, columns: Int) {
        values = [Int8](repeating: 0, count: rows * columns)
        scales = [Float](repeating: 0, count: rows)
    }

    /// Quantises `matrix`, Float32 (rows, columns).
    /// - Precondition: `matrix.count` is a multiple of `rows`, which is at least 1.
    public init(_ matrix: Span<Float>, rows: Int) {
        self.init(rows: rows, columns: matrix.count / rows)
        quantize(matrix)
    }

    /// Replaces the numbers by those of `matrix`, Float32 (rows, columns), symmetrically.
    ///
    /// A row's largest magnitude becomes 127, and the others are rounded to nearest, ties to even.
    /// A row that has an infinite number becomes 0 with scale 0; NaN becomes 0.
    /// - Precondition: as many elements as there is room for.
    public mutating func quantize(_ matrix: Span<Float>) {
        precondition(matrix.count == values.count)
        let width = values.count / scales.count
        for row in scales.indices {
            quantize(row: row, matrix.extracting(row * width..<(row + 1) * width))
        }
    }

    /// Replaces row `row` by `numbers`, Float32 (columns), as `quantize(_:)` does.
    /// - Precondition: as many elements as a row has.
    public mutating func quantize(row: Int, _ numbers: Span<Float>) {
        let width = numbers.count
        precondition(width * scales.count == values.count)
        scales[row] = unsafe values.withUnsafeMutableBufferPointer { target in
            unsafe numbers.withUnsafeBufferPointer { source in
                guard let source = source.baseAddress, let target = target.baseAddress else {
                    return 0
                }
                return unsafe quantizeRow(source, into: target + row * width, width: width)
            }
        }
    }
}

/// Writes Float32 (columns) as Int8, and returns the scale.
private func quantizeRow(
    _ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Int8>, width: Int
) -> Float {
    var highest = Vector.zero
    var index = 0
    while index < width {
        let value = unsafe source.vector(at: index, count: min(8, width - index))
        highest = larger(highest, larger(value, -value))
        index += 8
    }
    let magnitude = highest.max()
    guard magnitude > 0, magnitude.isFinite else {
        for index in 0..<width { unsafe target[index] = 0 }
        return 0
    }
    let inverse = 127 / magnitude
    index = 0
    while index < width {
        let count = min(8, width - index)
        // Adding 1.5 · 2²³ rounds to an integer and leaves it in the low bits.
        let shifted = unsafe source.vector(at: index, count: count) * inverse + 12_582_912
        let bits = unsafe unsafeBitCast(shifted, to: SIMD8<Int32>.self)
        let bytes = SIMD8<Int8>(truncatingIfNeeded: bits)
        if count == 8 {
            unsafe UnsafeMutableRawPointer(target + index).storeBytes(
                of: bytes, as: SIMD8<Int8>.self)
        } else {
            for lane in 0..<count { unsafe target[index + lane] = bytes[lane] }
        }
        index += 8
    }
    return magnitude / 127
}

/// y = x · scale + bias: what one row of an int8 product stands for.
/// - Precondition: equal counts; all are Float32 (D).
public func dequantizeRow(
    _ x: Span<Float>, scale: Float, bias: Span<Float>, into y: inout MutableSpan<Float>
) {
    precondition(x.count == bias.count && y.count == x.count)
    for column in 0..<x.count { y[column] = x[column] * scale + bias[column] }
}

/// y += x · scale of its row + bias of its column.
///
/// x and y are Float32 (rows, D), `scales` Float32 (rows), `bias` Float32 (D).
public func addDequantizedRows(
    _ x: Span<Float>, scales: Span<Float>, bias: Span<Float>, to y: inout MutableSpan<Float>
) {
    let width = bias.count
    precondition(x.count == scales.count * width && y.count == x.count)
    for row in 0..<scales.count {
        let scale = scales[row]
        let start = row * width
        for column in 0..<width { y[start + column] += x[start + column] * scale + bias[column] }
    }
}
