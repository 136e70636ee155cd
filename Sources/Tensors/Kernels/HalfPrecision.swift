/// Float16 bit patterns to Float32, exactly; subnormals, infinities and NaN included.
///
/// Source: IEEE 754, binary16.
/// - Precondition: `values.count == half.count`; any shape.
public func halfToFloat(_ half: Span<UInt16>, into values: inout MutableSpan<Float>) {
    precondition(half.count == values.count)
    for index in 0..<half.count {
        // Shifting puts exponent and mantissa in place; the product corrects the exponent's bias
        // and subnormals alike.
        let bits = UInt32(half[index])
        let magnitude = Float(bitPattern: (bits & 0x7FFF) << 13) * 0x1p112
        let special: UInt32 = bits & 0x7C00 == 0x7C00 ? 0x7F80_0000 : 0
        values[index] = Float(
            bitPattern: (bits & 0x8000) << 16 | magnitude.bitPattern | special)
    }
}

/// Float32 to Float16 bit patterns, rounded to nearest, ties to even.
///
/// What rounds beyond the largest Float16, 65504, becomes infinite; NaN becomes 0x7E00 with its
/// sign.
/// Source: IEEE 754, binary16.
/// - Precondition: `half.count == values.count`; any shape.
/// - Returns: How many finite values became infinite.
public func floatToHalf(_ values: Span<Float>, into half: inout MutableSpan<UInt16>) -> Int {
    precondition(half.count == values.count)
    var numOverflows = 0
    for index in 0..<values.count {
        let bits = values[index].bitPattern
        let sign = UInt16(truncatingIfNeeded: bits >> 16 & 0x8000)
        let magnitude = bits & 0x7FFF_FFFF
        let rounded: UInt32
        if magnitude < 0x3880_0000 {
            // Subnormal: adding one half aligns the mantissa, and the addition rounds.
            rounded = (Float(bitPattern: magnitude) + 0.5).bitPattern &- 0x3F00_0000
        } else {
            rounded = (magnitude &+ 0xFFF &+ (magnitude >> 13 & 1)) >> 13 &- 0x1C000
        }
        let isNaN = magnitude > 0x7F80_0000
        let result = isNaN ? 0x7E00 : UInt16(truncatingIfNeeded: min(rounded, 0x7C00))
        numOverflows &+= magnitude < 0x7F80_0000 && result == 0x7C00 ? 1 : 0
        half[index] = sign | result
    }
    return numOverflows
}
