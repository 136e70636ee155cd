/// y = x · Φ(x) = x / 2 · (1 + erf(x / √2)) per element.
///
/// The error function has an absolute error below 3e-7.
/// Source: Hendrycks and Gimpel, Gaussian Error Linear Units (2016), section 2, the exact form
/// ("gelu" of transformers).
/// - Precondition: `y.count == x.count`; Float32 of any shape.
public func gelu(_ x: Span<Float>, into y: inout MutableSpan<Float>) {
    precondition(y.count == x.count)
    unsafe x.withUnsafeBufferPointer { x in
        unsafe y.withUnsafeMutableBufferPointer { y in
            guard let base = x.baseAddress, let target = y.baseAddress else { return }
            unsafe gelu(base, into: target, count: x.count)
        }
    }
}

/// `gelu` in place, of Float32 of any shape.
public func gelu(_ x: inout MutableSpan<Float>) {
    unsafe x.withUnsafeMutableBufferPointer { x in
        guard let base = x.baseAddress else { return }
        unsafe gelu(base, into: base, count: x.count)
    }
}

/// `gelu` of `count` elements; `y` may be `x`.
private func gelu(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
) {
    var index = 0
    while index < count {
        let lanes = min(8, count - index)
        let value = unsafe x.vector(at: index, count: lanes)
        let half = value * 0.5
        unsafe y.store(
            half.addingProduct(half, errorFunction(value * 0.707_106_78)), at: index, count: lanes)
        index += 8
    }
}

/// x ← x · sigmoid(1.702 · x) per element of Float32 of any shape.
///
/// Source: Hendrycks and Gimpel, Gaussian Error Linear Units (2016), section 2, the approximation
/// by a sigmoid ("quick_gelu" of transformers).
public func quickGELU(_ x: inout MutableSpan<Float>) {
    unsafe x.withUnsafeMutableBufferPointer { x in
        guard let base = x.baseAddress else { return }
        var index = 0
        while index < x.count {
            let lanes = min(8, x.count - index)
            let value = unsafe base.vector(at: index, count: lanes)
            unsafe base.store(
                value / (exponential(value * -1.702) + 1), at: index, count: lanes)
            index += 8
        }
    }
}

/// Gradient through `gelu`, in place: dx = dy · (Φ(x) + x · φ(x)).
/// - Parameters:
///   - x: Float32 of any shape, what `gelu` was given.
///   - gradient: Float32, as many elements as `x`; dy on entry, dx on return.
public func geluBackward(_ x: Span<Float>, gradient: inout MutableSpan<Float>) {
    precondition(gradient.count == x.count)
    unsafe x.withUnsafeBufferPointer { x in
        unsafe gradient.withUnsafeMutableBufferPointer { gradient in
            guard let base = x.baseAddress, let target = gradient.baseAddress else { return }
            var index = 0
            while index < x.count {
                let lanes = min(8, x.count - index)
                let value = unsafe base.vector(at: index, count: lanes)
                let distribution = errorFunction(value * 0.707_106_78) * 0.5 + 0.5
                let density = exponential(value * value * -0.5) * 0.398_942_28
                let slope = distribution.addingProduct(value, density)
                unsafe target.store(
                    target.vector(at: index, count: lanes) * slope, at: index, count: lanes)
                index += 8
            }
        }
    }
}
