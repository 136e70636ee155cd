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
