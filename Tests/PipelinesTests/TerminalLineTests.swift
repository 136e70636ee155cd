import Files
import Foundation
import Testing

@testable import Pipelines

struct TerminalLineTests {
    private var line: TerminalLine {
        var line = TerminalLine()
        line.add("step 10/128", rank: 0)
        line.add("epoch 1.25", rank: 3)
        line.add("loss 0.6931", rank: 2)
        line.add("12.3 questions/s", rank: 4)
        line.add("0:01:05 left", rank: 1)
        return line
    }

    @Test func leavesOutWhatMattersLeast() {
        let whole = "step 10/128  epoch 1.25  loss 0.6931  12.3 questions/s  0:01:05 left"
        #expect(line.text(width: nil) == whole)
        #expect(line.text(width: whole.count) == whole)
        #expect(
            line.text(width: 60) == "step 10/128  epoch 1.25  loss 0.6931  0:01:05 left")
        #expect(line.text(width: 39) == "step 10/128  loss 0.6931  0:01:05 left")
        #expect(line.text(width: 8) == "step 10…")
    }

    @Test(arguments: [8, 20, 40, 47, 80, 200])
    func aBarStaysInItsLine(_ width: Int) {
        for fraction in [0, 0.5, 1] {
            let bar = line.bar(fraction: fraction, width: width, usesColor: false)
            #expect(columns(of: bar) < width)
        }
    }

    @Test func aBarIsAsLongAsWhatIsDone() {
        let bar = line.bar(fraction: 0.25, width: 200, usesColor: false)
        #expect(bar.hasPrefix(String(repeating: "█", count: 6) + "░"))
    }

    @Test(arguments: [
        (0.0, "0:00:00"), (0.2, "0:00:01"), (59.5, "0:01:00"), (3599.0, "0:59:59"),
        (3600.0, "1:00:00"), (360_000.0, "100:00:00"), (Double.infinity, "277777:46:40"),
        (Double.nan, "0:00:00"),
    ])
    func timesAreHoursMinutesSeconds(_ seconds: Double, _ text: String) {
        #expect(clockTime(seconds) == text)
    }
}
