import Tensors
import Testing

struct MathThreadsTests {
    @Test func lendsEveryElementOnce() {
        var values = [Int](repeating: 0, count: 1001)
        values.forEachBlockInParallel(blockSize: 10) { range, part in
            for index in 0..<part.count { part[index] += range.lowerBound + index }
        }
        #expect(values == Array(0..<1001))
    }

    @Test func lendsBlocksInAnyOrder() {
        var values = [Int](repeating: -1, count: 6)
        values.forEachInParallel(of: [4..<6, 0..<1, 2..<2, 1..<3]) { number, part in
            part.update(repeating: number)
        }
        #expect(values == [1, 3, 3, -1, 0, 0])
    }

    @Test func refusesBlocksThatMeet() async {
        await #expect(processExitsWith: .failure) {
            var values = [Int](repeating: 0, count: 6)
            values.forEachInParallel(of: [3..<5, 0..<4]) { _, _ in }
        }
    }

    @Test func refusesBlocksOutside() async {
        await #expect(processExitsWith: .failure) {
            var values = [Int](repeating: 0, count: 6)
            values.forEachInParallel(of: [3..<7]) { _, _ in }
        }
    }

    @Test func returnsResultsInOrder() {
        #expect(mapInParallel(1000) { "\($0)" } == (0..<1000).map { "\($0)" })
        #expect(mapInParallel(0) { $0 }.isEmpty)
    }
}
