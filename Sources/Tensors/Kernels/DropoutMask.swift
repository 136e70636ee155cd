/// Multiplies elements by 0 or `scale`, as random numbers of their positions say.
///
/// An element becomes 0 where its 32 random bits are below `threshold`. One hash serves two
/// elements, an even position and the odd one after it.
///
/// Source: Srivastava et al., Dropout (2014), section 4; scaled while training, as in PyTorch.
/// - Parameters:
///   - x: Float32; consecutive elements of a tensor.
///   - start: Position of the first one in the tensor.
///   - random: Gives the bits.
///   - threshold: 2³² times the probability of 0.
///   - scale: Factor of the elements that stay.
public func applyDropoutMask(
    to x: inout MutableSpan<Float>, from start: Int, _ random: CounterRandom, threshold: UInt32,
    scale: Float
) {
    unsafe x.withUnsafeMutableBufferPointer { x in
        func apply(_ index: Int) {
            let position = start + index
            let bits = random.bits(UInt64(position / 2))
            let half = UInt32(truncatingIfNeeded: position.isMultiple(of: 2) ? bits : bits >> 32)
            unsafe x[index] *= half < threshold ? 0 : scale
        }
        guard let base = x.baseAddress else { return }
        // With a scalar the comparison would go lane by lane.
        let thresholds = SIMD8<UInt32>(repeating: threshold)
        var index = 0
        if !start.isMultiple(of: 2) {
            apply(0)
            index = 1
        }
        while index + 8 <= x.count {
            let bits = random.fourBits(from: UInt64((start + index) / 2))
            // Guard: the same size; the low half of each number comes first on little-endian
            // machines, which are all that Swift runs on.
            let halves = unsafe unsafeBitCast(bits, to: SIMD8<UInt32>.self)
            let factors = Vector(repeating: scale).replacing(with: 0, where: halves .< thresholds)
            unsafe base.store(base.vector(at: index, count: 8) * factors, at: index, count: 8)
            index += 8
        }
        while index < x.count {
            apply(index)
            index += 1
        }
    }
}
