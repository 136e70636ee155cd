import Foundation
import Testing

@testable import VideoDecoding

struct DeadlineTests {
    @Test func doesNotCountTimeInWhichTheThreadSleeps() throws {
        let deadline = Deadline(seconds: 0.5)
        usleep(1_000_000)
        #expect(!deadline.hasPassed)
    }

    @Test func passesWhenTheProcessorTimeIsUsedUp() {
        let deadline = Deadline(seconds: 0.05)
        while !deadline.hasPassed {}
        #expect(throws: DecodeError.timeout(stage: .scan, seconds: 0.05)) {
            try deadline.check(.scan)
        }
    }

    @Test func passesAfterTenTimesAsMuchWaiting() {
        let deadline = Deadline(seconds: 0.02)
        while !deadline.hasPassed { usleep(10_000) }
        #expect(throws: DecodeError.stalled(stage: .open, seconds: 0.2)) {
            try deadline.check(.open)
        }
    }

    @Test func countsOneSecondOfASuspension() {
        var clock = WaitingClock()
        usleep(1_500_000)
        clock.tick()
        #expect(clock.seconds == 1)
    }
}
