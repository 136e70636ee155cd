import Recipes
import Testing
import Training

@testable import Reports

struct RunPageTaskTests {
    @Test func barsPutTheRestTogether() {
        let names = (0..<12).flatMap { number in Array(repeating: "c\(number)", count: 20 - number)
        }
        let bars = DatasetReport.bars(names)
        #expect(bars.count == 9)
        #expect(bars.first == DatasetPage.Bar(name: "c0", count: 20))
        #expect(bars.last == DatasetPage.Bar(name: "others", count: 42))
    }

    @Test func optionsThatHaveTheirDefaultsAreNotListed() throws {
        var options = TrainOptions()
        #expect(try options.differencesFromDefaults() == [])
        options.seed = 7
        #expect(
            try options.differencesFromDefaults() == [
                .init(name: "--seed", value: "7", usual: "42")
            ])
        options.seed = 42
        options.textInit = "bert"
        options.wordings = PromptWordings([.init(task: "shape", training: ["which?"])])
        #expect(
            try options.differencesFromDefaults() == [
                .init(name: "--text-init", value: "bert", usual: "not set")
            ])
    }
}
