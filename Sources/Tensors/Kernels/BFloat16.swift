/// The upper half of a Float32: 8 bits of exponent, 7 of mantissa.
public struct BFloat16: Sendable, Equatable, BitwiseCopyable {
    /// Its bits.
    public var bits: UInt16

    /// 0.
    public static let zero = BFloat16(bits: 0)

    /// The number with these bits.
    @inlinable
    public init(bits: UInt16) {
        self.bits = bits
    }
}

extension Float {
    /// The value of `number`, exactly.
    @inlinable
    public init(_ number: BFloat16) {
        self.init(bitPattern: UInt32(number.bits) << 16)
    }
}

/// Float32 to bfloat16, rounded to nearest, ties to even.
///
/// What rounds beyond the largest bfloat16 becomes infinite; NaN becomes 0x7FC0.
/// - Precondition: `narrow.count == values.count`; any shape.
public func floatToBFloat16(_ values: Span<Float>, into narrow: inout MutableSpan<BFloat16>) {
    precondition(values.count == narrow.count)
    for index in 0..<values.count {
        let bits = values[index].bitPattern
        let rounded = (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16
        let isNaN = bits & 0x7FFF_FFFF > 0x7F80_0000
        narrow[index] = BFloat16(bits: isNaN ? 0x7FC0 : UInt16(truncatingIfNeeded: rounded))
    }
}

/// bfloat16 to Float32, exactly.
/// - Precondition: `values.count == narrow.count`; any shape.
public func bfloat16ToFloat(_ narrow: Span<BFloat16>, into values: inout MutableSpan<Float>) {
    precondition(values.count == narrow.count)
    for index in 0..<narrow.count { values[index] = Float(narrow[index]) }
}
