import Dispatch
import Foundation
import Synchronization

/// How many threads the kernels use.
///
/// Their results do not depend on it: work is divided by shape alone.
public enum MathThreads {
    private static let limit = Atomic<Int>(0)

    /// The number of threads; the processors' number unless `set` said otherwise.
    public static var count: Int {
        let limit = limit.load(ordering: .relaxed)
        return limit > 0 ? limit : ProcessInfo.processInfo.activeProcessorCount
    }

    /// Sets the number of threads for the whole process.
    /// - Precondition: `count` is at least 1.
    public static func set(_ count: Int) {
        precondition(count >= 1, "\(count) threads")
        limit.store(count, ordering: .relaxed)
    }
}

/// Calls `body` once for each of 0..<`count` and returns when all calls are done.
///
/// Up to `MathThreads.count` threads call it; it must write only to places that belong to its
/// argument.
public func forEachInParallel(_ count: Int, _ body: (Int) -> Void) {
    let workers = min(MathThreads.count, count)
    guard workers > 1 else {
        for index in 0..<count { body(index) }
        return
    }
    let next = Atomic<Int>(0)
    withoutActuallyEscaping(body) { body in
        // Guard: each index is given out once, `body` keeps to its index, and all calls end before
        // this one returns.
        nonisolated(unsafe) let body = body
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < count else { return }
                unsafe body(index)
            }
        }
    }
}

/// The results of `body` for each of 0..<`count`, in order, computed by several threads.
public func mapInParallel<Result: Sendable>(
    _ count: Int, _ body: (Int) -> Result
) -> [Result] {
    let results = Mutex<[Result?]>(Array(repeating: nil, count: count))
    forEachInParallel(count) { index in
        let result = body(index)
        results.withLock { $0[index] = result }
    }
    return results.withLock { $0 }.map { result in
        guard let result else { preconditionFailure("an index was left out") }
        return result
    }
}

/// Divides `0..<count` into blocks of a fixed size and calls `body` for each, in parallel.
///
/// The blocks depend on `count` alone.
public func forEachBlockInParallel(
    of count: Int, blockSize: Int = 1 << 15, _ body: (Range<Int>) -> Void
) {
    forEachInParallel((count + blockSize - 1) / blockSize) { block in
        body(block * blockSize..<min(count, (block + 1) * blockSize))
    }
}

/// Memory that several threads write to at once, each to ranges of its own.
///
/// The ranges are checked to lie inside; that no two threads' ranges meet is the caller's promise.
@safe public struct SharedMemory: @unchecked Sendable {
    // Guard: `withSharedMemory` keeps it alive, and callers keep to ranges of their own.
    private let buffer: UnsafeMutableBufferPointer<Float>

    fileprivate init(_ buffer: UnsafeMutableBufferPointer<Float>) {
        unsafe self.buffer = unsafe buffer
    }

    /// Lends the elements at `range` for writing.
    public func withSpan<Result>(
        of range: Range<Int>, _ body: (inout MutableSpan<Float>) -> Result
    ) -> Result {
        let count = unsafe buffer.count
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count)")
        var span = unsafe MutableSpan(_unsafeElements: buffer.extracting(range))
        return body(&span)
    }
}

extension [Float] {
    /// Lends all elements to threads that each write to ranges of their own.
    public mutating func withSharedMemory<Result>(_ body: (SharedMemory) -> Result) -> Result {
        unsafe withUnsafeMutableBufferPointer { unsafe body(SharedMemory($0)) }
    }
}
