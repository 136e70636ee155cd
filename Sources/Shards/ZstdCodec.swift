import CZstd
import Files

/// Compresses members: each becomes one zstd frame with content size and checksum.
///
/// Not for use by two threads at once.
@safe public final class ZstdCompressor {
    /// Parameters for pixels, which hardly repeat.
    ///
    /// Level 1 leaves literals as they are and takes long matches only: 0.80 of the size instead of
    /// 0.71, in 0.4 of the time, and read in a third of it. Level 3 has one match finder instead of
    /// two: 0.67 in half the time (measured on 14 real clips).
    private static let tuned: [Int: [(ZSTD_cParameter, Int)]] = [
        1: [(ZSTD_c_minMatch, 7), (ZSTD_c_hashLog, 12), (ZSTD_c_targetLength, 3)],
        3: [(ZSTD_c_minMatch, 4), (ZSTD_c_hashLog, 15)],
    ]

    private let context: OpaquePointer

    /// Allocates a context for compression at `level`, 1…22, zstd's own scale.
    /// - Throws: `ShardError.compression`.
    public init(level: Int) throws(ShardError) {
        guard let context = unsafe ZSTD_createCCtx() else { throw .compression("out of memory") }
        unsafe self.context = unsafe context
        var parameters = [
            (ZSTD_c_compressionLevel, level), (ZSTD_c_contentSizeFlag, 1), (ZSTD_c_checksumFlag, 1),
        ]
        if let tuned = Self.tuned[level] {
            parameters += [(ZSTD_c_strategy, Int(ZSTD_fast.rawValue))] + tuned
        }
        for (parameter, value) in parameters {
            try checkZstd(unsafe ZSTD_CCtx_setParameter(context, parameter, Int32(value)))
        }
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// Compresses `bytes` to one frame.
    /// - Throws: `ShardError.compression`.
    public func compress(_ bytes: [UInt8]) throws(ShardError) -> [UInt8] {
        var status = 0
        let frame = unsafe [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(bytes.count)) {
            buffer, count in
            status = unsafe bytes.withUnsafeBytes { source in
                unsafe ZSTD_compress2(
                    context, buffer.baseAddress, buffer.count, source.baseAddress, source.count)
            }
            count = ZSTD_isError(status) == 0 ? status : 0
        }
        try checkZstd(status)
        return frame
    }
}

/// Upper bound on the compression ratio of a zstd frame: a block of 128 KiB takes at least 4 bytes.
private let maximumRatio = 1 << 15

/// The content of `frame`, one whole zstd frame of `expectedCount` bytes when decompressed.
///
/// The sizes are compared before anything is allocated, so a forged header costs nothing.
/// - Throws: `ShardError.malformedFrame` if a size differs, `.compression` if it is damaged.
public func zstdDecompress(_ frame: [UInt8], expectedCount: Int) throws(ShardError) -> [UInt8] {
    let (frameSize, contentSize) = unsafe frame.withUnsafeBytes { buffer in
        unsafe (
            ZSTD_findFrameCompressedSize(buffer.baseAddress, buffer.count),
            ZSTD_getFrameContentSize(buffer.baseAddress, buffer.count)
        )
    }
    guard ZSTD_isError(frameSize) == 0, frameSize == frame.count else {
        throw .malformedFrame("\(frame.count) bytes are not one whole frame")
    }
    guard expectedCount >= 0, contentSize == UInt64(expectedCount),
        expectedCount / maximumRatio <= frame.count
    else {
        throw .malformedFrame("its content is not of \(counted(expectedCount, "byte"))")
    }
    var status = 0
    let content = unsafe [UInt8](unsafeUninitializedCapacity: expectedCount) { buffer, count in
        status = unsafe frame.withUnsafeBytes { source in
            unsafe ZSTD_decompress(
                buffer.baseAddress, buffer.count, source.baseAddress, source.count)
        }
        count = ZSTD_isError(status) == 0 ? status : 0
    }
    try checkZstd(status)
    return content
}

/// The size that a zstd frame says its content has, in bytes; `nil` if `bytes` are no such frame.
func zstdContentSize(_ bytes: [UInt8]) -> Int? {
    let size = unsafe bytes.withUnsafeBytes { buffer in
        unsafe ZSTD_getFrameContentSize(buffer.baseAddress, buffer.count)
    }
    return Int(exactly: size)
}

private func checkZstd(_ status: Int) throws(ShardError) {
    guard ZSTD_isError(status) != 0 else { return }
    throw .compression(unsafe String(cString: ZSTD_getErrorName(status)))
}
