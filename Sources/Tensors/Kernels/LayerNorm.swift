/// y = (x - mean) / √(variance + ε) · weight + bias per row, with the biased variance.
///
/// The order of the sums is fixed.
/// Source: Ba et al., Layer Normalization (2016), section 3.1.
/// - Parameters:
///   - x: Float32 (rows, D), D = `weight.count`.
///   - weight: Float32 (D).
///   - bias: Float32 (D).
///   - epsilon: ε, such as 1e-12.
///   - y: Float32 (rows, D).
///   - statistics: Float32 (rows, 2): mean and 1/√(variance + ε) of each row, for the backward
///     pass.
public func layerNorm(
    _ x: Span<Float>, weight: Span<Float>, bias: Span<Float>, epsilon: Float,
    into y: inout MutableSpan<Float>, statistics: inout MutableSpan<Float>
) {
    let width = weight.count
    precondition(width > 0 && x.count.isMultiple(of: width) && bias.count == width)
    precondition(y.count == x.count && statistics.count * width == 2 * x.count)
    unsafe weight.withUnsafeBufferPointer { weight in
        unsafe bias.withUnsafeBufferPointer { bias in
            unsafe x.withUnsafeBufferPointer { x in
                unsafe y.withUnsafeMutableBufferPointer { y in
                    guard let weight = weight.baseAddress, let bias = bias.baseAddress,
                        let base = x.baseAddress, let target = y.baseAddress
                    else { return }
                    for row in 0..<x.count / width {
                        let (mean, inverse) = unsafe rowStatistics(
                            base + row * width, width: width, epsilon: epsilon)
                        statistics[2 * row] = mean
                        statistics[2 * row + 1] = inverse
                        var index = 0
                        while index < width {
                            let count = min(8, width - index)
                            let place = row * width + index
                            let normal =
                                unsafe (base.vector(at: place, count: count) - mean) * inverse
                            unsafe target.store(
                                bias.vector(at: index, count: count).addingProduct(
                                    normal, weight.vector(at: index, count: count)),
                                at: place, count: count)
                            index += 8
                        }
                    }
                }
            }
        }
    }
}

/// Mean and 1/√(variance + ε) of one row, Float32 (D).
private func rowStatistics(
    _ row: UnsafePointer<Float>, width: Int, epsilon: Float
) -> (mean: Float, inverse: Float) {
    var sums = Vector.zero
    var index = 0
    while index < width {
        sums += unsafe row.vector(at: index, count: min(8, width - index))
        index += 8
    }
    let mean = sums.sum() / Float(width)
    var squares = Vector.zero
    index = 0
    while index + 8 <= width {
        let difference = unsafe row.vector(at: index, count: 8) - mean
        squares.addProduct(difference, difference)
        index += 8
    }
    var total = squares.sum()
    while index < width {
        let difference = unsafe row[index] - mean
        total += difference * difference
        index += 1
    }
    return (mean, 1 / (total / Float(width) + epsilon).squareRoot())
}

/// Gradient through `layerNorm`.
///
/// With n = (x - mean) · inverse and g = dy ∘ weight:
/// dx = inverse · (g - mean(g) - n · mean(g ∘ n)). The order of the sums is fixed.
/// - Parameters:
///   - x: What `layerNorm` was given, Float32 (rows, D).
///   - weight: Float32 (D).
///   - statistics: What `layerNorm` wrote, Float32 (rows, 2).
///   - gradient: Float32 (rows, D), dy.
///   - dX: Float32 (rows, D); written.
///   - dWeight: Float32 (D); added to.
///   - dBias: Float32 (D); added to.
public func layerNormBackward(
    _ x: Span<Float>, weight: Span<Float>, statistics: Span<Float>, gradient: Span<Float>,
    dX: inout MutableSpan<Float>, dWeight: inout MutableSpan<Float>,
    dBias: inout MutableSpan<Float>
) {
    let width = weight.count
    precondition(width > 0 && x.count.isMultiple(of: width))
    precondition(statistics.count * width == 2 * x.count)
    precondition(gradient.count == x.count && dX.count == x.count)
    precondition(dWeight.count == width && dBias.count == width)
    for row in 0..<x.count / width {
        let (mean, inverse) = (statistics[2 * row], statistics[2 * row + 1])
        let x = x.extracting(row * width..<(row + 1) * width)
        let dY = gradient.extracting(row * width..<(row + 1) * width)
        var sum: Float = 0
        var sumOfProducts: Float = 0
        for index in 0..<width {
            let normal = (x[index] - mean) * inverse
            let scaled = dY[index] * weight[index]
            sum += scaled
            sumOfProducts += scaled * normal
            dWeight[index] += dY[index] * normal
            dBias[index] += dY[index]
        }
        sum /= Float(width)
        sumOfProducts /= Float(width)
        for index in 0..<width {
            let normal = (x[index] - mean) * inverse
            dX[row * width + index] =
                inverse * (dY[index] * weight[index] - sum - normal * sumOfProducts)
        }
    }
}
