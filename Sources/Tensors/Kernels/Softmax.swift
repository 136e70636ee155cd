/// Softmax of each row in place: exp(s·(x - max)) / Σ exp(s·(x - max)).
///
/// The order of the sum is fixed.
/// - Precondition: `x.count` is a multiple of `width`.
/// - Parameters:
///   - x: Float32 (rows, width).
///   - width: Row length, at least 1.
///   - scale: s, positive.
public func softmaxRows(_ x: inout MutableSpan<Float>, width: Int, scale: Float = 1) {
    precondition(
        width > 0 && x.count.isMultiple(of: width), "\(x.count) elements in rows of \(width)")
    let numRows = x.count / width
    unsafe x.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        for row in 0..<numRows {
            unsafe softmaxRow(base + row * width, width: width, factor: scale)
        }
    }
}

/// `softmaxRows` of one row.
private func softmaxRow(_ row: UnsafeMutablePointer<Float>, width: Int, factor: Float) {
    var maximum = unsafe row[0]
    var highest = Vector(repeating: maximum)
    var index = 0
    while index + 8 <= width {
        highest = larger(highest, unsafe row.vector(at: index, count: 8))
        index += 8
    }
    maximum = highest.max()
    while index < width {
        maximum = max(maximum, unsafe row[index])
        index += 1
    }
    var sums = Vector.zero
    index = 0
    while index < width {
        let count = min(8, width - index)
        let value = exponential((unsafe row.vector(at: index, count: count) - maximum) * factor)
        unsafe row.store(value, at: index, count: count)
        sums += count == 8 ? value : unsafe row.vector(at: index, count: count)
        index += 8
    }
    let scale = 1 / sums.sum()
    index = 0
    while index < width {
        let count = min(8, width - index)
        unsafe row.store(row.vector(at: index, count: count) * scale, at: index, count: count)
        index += 8
    }
}

/// Gradient through `softmaxRows` with scale 1, in place: dS = P ∘ (dP - Σ P ∘ dP) per row.
///
/// For another scale dS is to be multiplied by it. The order of the sum is fixed.
/// - Parameters:
///   - p: Float32 (rows, width), what `softmaxRows` returned.
///   - gradient: Float32 (rows, width); dP on entry, dS on return.
///   - width: Row length, at least 1.
public func softmaxRowsBackward(
    _ p: Span<Float>, gradient: inout MutableSpan<Float>, width: Int
) {
    precondition(width > 0 && p.count.isMultiple(of: width) && gradient.count == p.count)
    let numRows = p.count / width
    unsafe p.withUnsafeBufferPointer { p in
        unsafe gradient.withUnsafeMutableBufferPointer { gradient in
            guard let p = p.baseAddress, let gradient = gradient.baseAddress else { return }
            for row in 0..<numRows {
                let (p, gradient) = unsafe (p + row * width, gradient + row * width)
                var sums = Vector.zero
                var index = 0
                while index < width {
                    let count = min(8, width - index)
                    sums.addProduct(
                        unsafe p.vector(at: index, count: count),
                        unsafe gradient.vector(at: index, count: count))
                    index += 8
                }
                let mean = sums.sum()
                index = 0
                while index < width {
                    let count = min(8, width - index)
                    let change = unsafe gradient.vector(at: index, count: count) - mean
                    unsafe gradient.store(
                        p.vector(at: index, count: count) * change, at: index, count: count)
                    index += 8
                }
            }
        }
    }
}

/// The sum of each row of x, Float32 (rows, width); the order of each sum is fixed.
public func rowSums(of x: [Float], width: Int) -> [Float] {
    precondition(width > 0 && x.count.isMultiple(of: width))
    return unsafe x.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return [] }
        return (0..<buffer.count / width).map { row in
            var sums = Vector.zero
            var index = 0
            while index < width {
                sums += unsafe (base + row * width).vector(
                    at: index, count: min(8, width - index))
                index += 8
            }
            return sums.sum()
        }
    }
}
