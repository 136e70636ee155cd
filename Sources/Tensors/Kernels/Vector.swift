/// Eight floats, the width in which the kernels work.
typealias Vector = SIMD8<Float>

extension UnsafePointer<Float> {
    /// Reads up to eight floats, which the caller has checked to lie in its row.
    ///
    /// Lanes past `count` are 0.
    @inline(__always)
    func vector(at index: Int, count: Int) -> Vector {
        if count >= Vector.scalarCount {
            return unsafe UnsafeRawPointer(self + index).loadUnaligned(as: Vector.self)
        }
        var vector = Vector.zero
        unsafe copyLanes(self + index, to: &vector, count: count)
        return vector
    }
}

extension UnsafeMutablePointer<Float> {
    /// The same read.
    @inline(__always)
    func vector(at index: Int, count: Int) -> Vector {
        unsafe UnsafePointer(self).vector(at: index, count: count)
    }

    /// Writes the first `count` lanes, all if there are more.
    @inline(__always)
    func store(_ vector: Vector, at index: Int, count: Int) {
        if count >= Vector.scalarCount {
            unsafe UnsafeMutableRawPointer(self + index).storeBytes(of: vector, as: Vector.self)
        } else {
            var vector = vector
            unsafe copyLanes(&vector, to: self + index, count: count)
        }
    }
}

/// Copies less than a vector.
///
/// Not inlined and through memory: otherwise the compiler would also split the whole vectors of the
/// loop around it into scalars.
@inline(never)
private func copyLanes(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int
) {
    unsafe target.copyMemory(from: source, byteCount: count * MemoryLayout<Float>.stride)
}

/// The larger of each two lanes; the standard library's `pointwiseMax` takes them one by one.
@inline(__always)
func larger(_ x: Vector, _ y: Vector) -> Vector {
    x.replacing(with: y, where: y .> x)
}

/// Each lane clamped to `low`…`high`.
@inline(__always)
func clamp(_ x: Vector, _ low: Float, _ high: Float) -> Vector {
    larger(x, Vector(repeating: low)).replacing(with: high, where: x .> high)
}

/// exp of each lane, to 2 units in the last place; 0 below -87.3, and e⁸⁸ above 88.
///
/// 2ⁿ · p(r) with r = x - n·ln 2 and p the Taylor polynomial of degree 7 on |r| ≤ ln 2 / 2.
/// Source: Cephes, `expf.c`, for the two parts of ln 2.
@inline(__always)
func exponential(_ x: Vector) -> Vector {
    let clamped = clamp(x, -87.3, 88)
    // Adding 1.5 · 2²³ rounds to an integer and leaves it in the low bits.
    let shifted = Vector(repeating: 12_582_912)
        .addingProduct(clamped, Vector(repeating: 1.442_695_04))
    let n = shifted - 12_582_912
    // ln 2 in two parts, so that n · high is exact.
    let r = (clamped - n * 0.693_359_375) + n * 2.121_944_4e-4
    var p = Vector(repeating: 1.0 / 5040)
    p = Vector(repeating: 1.0 / 720).addingProduct(p, r)
    p = Vector(repeating: 1.0 / 120).addingProduct(p, r)
    p = Vector(repeating: 1.0 / 24).addingProduct(p, r)
    p = Vector(repeating: 1.0 / 6).addingProduct(p, r)
    p = Vector(repeating: 0.5).addingProduct(p, r)
    p = Vector(repeating: 1).addingProduct(p, r)
    p = Vector(repeating: 1).addingProduct(p, r)
    let exponent = (unsafe unsafeBitCast(shifted, to: SIMD8<UInt32>.self)) &+ 127
    let scale = unsafe unsafeBitCast(exponent &<< 23, to: Vector.self)
    return (p * scale).replacing(with: 0, where: x .< -87.3)
}

/// erf of each lane with an absolute error below 3e-7.
///
/// x · P(x²) / Q(x²) on |x| ≤ 4, fitted to a relative error of 2.5e-8; ±1 beyond to float
/// precision.
@inline(__always)
func errorFunction(_ x: Vector) -> Vector {
    let clamped = clamp(x, -4, 4)
    let square = clamped * clamped
    var p = Vector(repeating: 1.986_651_7e-06)
    p = Vector(repeating: 2.845_662_8e-4).addingProduct(p, square)
    p = Vector(repeating: 3.883_62e-3).addingProduct(p, square)
    p = Vector(repeating: 5.310_259_6e-2).addingProduct(p, square)
    p = Vector(repeating: 0.193_552_24).addingProduct(p, square)
    p = Vector(repeating: 1.128_379_1).addingProduct(p, square)
    var q = Vector(repeating: 3.741_884e-05)
    q = Vector(repeating: 1.185_627e-3).addingProduct(q, square)
    q = Vector(repeating: 1.520_781_5e-2).addingProduct(q, square)
    q = Vector(repeating: 0.115_352_88).addingProduct(q, square)
    q = Vector(repeating: 0.504_863_76).addingProduct(q, square)
    q = Vector(repeating: 1).addingProduct(q, square)
    return clamped * p / q
}
