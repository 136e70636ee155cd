import Foundation

/// Random numbers by position.
///
/// The same seed, stream and position give the same number, in any order and on any thread.
/// Source: the finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
/// Generators, 2014), applied to a Weyl sequence that starts at a hash of seed and stream.
public struct CounterRandom: Sendable {
    private let origin: UInt64

    /// Starts the sequence of `stream`; streams of one seed are independent of each other.
    public init(seed: UInt64, stream: UInt64) {
        origin = Self.mix(Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15) ^ stream)
    }

    /// 64 random bits.
    public func bits(_ position: UInt64) -> UInt64 {
        Self.mix(origin &+ position &* 0x9E37_79B9_7F4A_7C15)
    }

    /// `bits` of four positions, from `position` on.
    @inline(__always)
    func fourBits(from position: UInt64) -> SIMD4<UInt64> {
        let positions = SIMD4(0, 1, 2, 3) &+ position
        var z = positions &* 0x9E37_79B9_7F4A_7C15 &+ origin
        z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z &>> 31)
    }

    /// A uniform number in [0, 1) with 24 random bits.
    public func uniform(_ position: UInt64) -> Float {
        Float(bits(position) >> 40) * 0x1p-24
    }

    /// A standard normal number, computed in Float64.
    ///
    /// Source: Box and Muller, A Note on the Generation of Random Normal Deviates (1958).
    public func normal(_ position: UInt64) -> Float {
        let bits = bits(position)
        let first = (Double(bits >> 32) + 0.5) * 0x1p-32
        let second = Double(bits & 0xFFFF_FFFF) * 0x1p-32
        return Float((-2 * log(first)).squareRoot() * cos(2 * .pi * second))
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
