/// x += y per element.
/// - Precondition: `x.count == y.count`; Float32 of any shape.
public func add(_ y: Span<Float>, to x: inout MutableSpan<Float>) {
    precondition(x.count == y.count)
    for index in 0..<x.count { x[index] += y[index] }
}

/// Writes `row`, Float32 (D), into each row of x, Float32 (rows, D).
/// - Precondition: D is at least 1; `x.count` is a multiple of D.
public func fillRows(_ row: Span<Float>, into x: inout MutableSpan<Float>) {
    precondition(x.count.isMultiple(of: row.count))
    var start = 0
    while start < x.count {
        for index in 0..<row.count { x[start + index] = row[index] }
        start += row.count
    }
}

/// Adds the rows of x to `sum`; the gradient of a bias.
///
/// The order of the sum is fixed.
/// - Parameters:
///   - x: Float32 (rows, D), D = `sum.count`.
///   - sum: Float32 (D); added to.
public func addRows(of x: Span<Float>, to sum: inout MutableSpan<Float>) {
    precondition(x.count.isMultiple(of: sum.count))
    var start = 0
    while start < x.count {
        for index in 0..<sum.count { sum[index] += x[start + index] }
        start += sum.count
    }
}
