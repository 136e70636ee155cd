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

/// Calls `body` once for each of 0..<`count` on up to `MathThreads.count` threads, and returns when
/// all calls are done.
///
/// Nothing checks what `body` captures: it must write only to places that belong to its argument.
@unsafe public func forEachInParallelUnchecked(_ count: Int, _ body: (Int) -> Void) {
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
    _ count: Int, _ body: @Sendable (Int) -> Result
) -> [Result] {
    unsafe [Result](unsafeUninitializedCapacity: count) { buffer, initialized in
        // Guard: each call initializes the element of its index.
        let buffer = unsafe buffer
        unsafe forEachInParallelUnchecked(count) { index in
            unsafe buffer.initializeElement(at: index, to: body(index))
        }
        initialized = count
    }
}

extension Array where Element: Sendable {
    /// Lends the elements in blocks of `blockSize`, of which the last may be shorter, to several
    /// threads; `body` gets the range of a block and its elements.
    ///
    /// The blocks depend on the array's length alone.
    /// - Precondition: `blockSize` is at least 1.
    public mutating func forEachBlockInParallel(
        blockSize: Int = 1 << 15,
        _ body: @Sendable (Range<Int>, inout MutableSpan<Element>) -> Void
    ) {
        let count = count
        let numBlocks = (count + blockSize - 1) / blockSize
        let blocks = (0..<numBlocks).map { $0 * blockSize..<Swift.min(count, ($0 + 1) * blockSize) }
        forEachInParallel(of: blocks) { body(blocks[$0], &$1) }
    }

    /// Lends the elements at each of `blocks` to several threads; `body` gets the number of a block
    /// and its elements.
    /// - Precondition: The blocks lie inside and do not meet.
    public mutating func forEachInParallel(
        of blocks: [Range<Int>], _ body: @Sendable (Int, inout MutableSpan<Element>) -> Void
    ) {
        requireDisjoint(blocks, within: count)
        unsafe withUnsafeMutableBufferPointer { buffer in
            let buffer = unsafe buffer
            unsafe forEachInParallelUnchecked(blocks.count) { index in
                var span = unsafe MutableSpan(_unsafeElements: buffer.extracting(blocks[index]))
                body(index, &span)
            }
        }
    }
}

/// Stops the program if two of `blocks` meet or one does not lie within 0..<`count`.
private func requireDisjoint(_ blocks: [Range<Int>], within count: Int) {
    var end = 0
    for block in blocks.sorted(by: { $0.lowerBound < $1.lowerBound }) where !block.isEmpty {
        precondition(end <= block.lowerBound && block.upperBound <= count, "\(block) of \(count)")
        end = block.upperBound
    }
}
