// Dimension letters, used in every comment on shapes:
//   B batch (clips)   T frames   C channels   H W pixels   L tokens   D width   K heads   Q queries
//   and in Models:   E width of a frame token   I width of an MLP   N sequences or frames
//                    S rows of a clip, queries and prompt   d width of a head
// All arrays are dense and row-major unless a stride is stated.

extension [Float] {
    /// Lends the elements at `range` for writing.
    /// - Precondition: `range` lies inside the array.
    public mutating func withMutableSpan<Result>(
        of range: Range<Int>, _ body: (inout MutableSpan<Float>) throws -> Result
    ) rethrows -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count)")
        return try unsafe withUnsafeMutableBufferPointer { buffer in
            var span = unsafe MutableSpan(_unsafeElements: buffer.extracting(range))
            return try body(&span)
        }
    }
}
