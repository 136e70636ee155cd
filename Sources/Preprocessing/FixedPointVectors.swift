// Clamps by sign bits, because `clamped` makes two calls for each vector.

/// The eight bytes at `address`, as Int32.
@inline(__always)
func widened(_ address: UnsafeRawPointer) -> SIMD8<Int32> {
    unsafe SIMD8(truncatingIfNeeded: address.loadUnaligned(as: SIMD8<UInt8>.self))
}

/// Fixed-point sums as pixel values, limited to 0…255.
@inline(__always)
func pixelValues(_ sums: SIMD8<Int32>) -> SIMD8<UInt8> {
    var value = sums &>> BicubicWeights.precisionBits
    value &= ~(value &>> 31)
    let room = 255 &- value
    // The lowest byte of each lane; `truncatingIfNeeded` makes a call.
    let bytes = unsafe unsafeBitCast(value &+ (room & (room &>> 31)), to: SIMD32<UInt8>.self)
    return bytes.evenHalf.evenHalf
}

/// The red, green and blue sums of two pixels, w₀ w₀ w₀ w₁ w₁ w₁ and two more, as one pixel limited to
/// 0…255; its last lane has no meaning.
@inline(__always)
func pixelValue(ofPair sums: SIMD8<Int32>) -> SIMD4<UInt8> {
    let second = SIMD4(sums[3], sums[4], sums[5], sums[6])
    var value = (sums.lowHalf &+ second) &>> BicubicWeights.precisionBits
    value &= ~(value &>> 31)
    let room = 255 &- value
    return SIMD4(truncatingIfNeeded: value &+ (room & (room &>> 31)))
}
