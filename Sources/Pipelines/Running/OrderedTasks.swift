/// Runs `operation` on every element and hands the results to `commit` in order.
///
/// At most `limit` run at once. Results that finish early wait for their turn; at most four times
/// `limit` elements are begun ahead of the one that is committed next, so memory stays bounded
/// however long one takes. When `shouldStop` answers true nothing new is begun, and what was begun
/// is still committed.
/// - Throws: the first error of `operation` or `commit`.
public func forEachInOrder<Element: Sendable, Output: Sendable>(
    _ elements: [Element], limit: Int, shouldStop: @Sendable () -> Bool = { false },
    operation: @escaping @Sendable (Element) async throws -> Output,
    commit: (Output) throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: (Int, Output).self) { group in
        var waiting: [Int: Output] = [:]
        var begun = 0
        var committed = 0
        var running = 0
        let window = 4 * limit

        func beginMore() {
            while running < limit, begun < elements.count, begun - committed < window,
                !shouldStop()
            {
                let index = begun
                let element = elements[index]
                group.addTask { (index, try await operation(element)) }
                begun += 1
                running += 1
            }
        }

        beginMore()
        while let (index, output) = try await group.next() {
            running -= 1
            waiting[index] = output
            while let ready = waiting.removeValue(forKey: committed) {
                try commit(ready)
                committed += 1
            }
            beginMore()
        }
    }
}
