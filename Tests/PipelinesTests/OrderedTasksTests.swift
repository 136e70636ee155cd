import Synchronization
import Testing

@testable import Pipelines

struct OrderedTasksTests {
    @Test(arguments: [1, 2, 7])
    func commitsInOrderWhateverFinishesFirst(_ limit: Int) async throws {
        var committed: [Int] = []
        try await forEachInOrder(Array(0..<200), limit: limit) { index in
            var value = UInt64(index)
            for _ in 0..<(index % 7) * 10_000 { value = value &* 6_364_136_223_846_793_005 &+ 1 }
            return (index, value)
        } commit: {
            committed.append($0.0)
        }
        #expect(committed == Array(0..<200))
    }

    @Test func commitsWhatWasBegunWhenAskedToStop() async throws {
        let begun = Atomic<Int>(0)
        var committed = 0
        try await forEachInOrder(
            Array(0..<1000), limit: 3, shouldStop: { begun.load(ordering: .relaxed) >= 10 },
            operation: { (index: Int) in
                begun.wrappingAdd(1, ordering: .relaxed)
                return index
            },
            commit: { _ in committed += 1 })
        #expect(committed == begun.load(ordering: .relaxed) && committed < 1000)
    }

    @Test func passesOnTheFirstError() async {
        struct Fault: Error {}
        await #expect(throws: Fault.self) {
            try await forEachInOrder(Array(0..<10), limit: 2) { index in
                if index == 5 { throw Fault() }
            } commit: { _ in
            }
        }
    }
}
