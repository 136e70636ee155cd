import Testing

@testable import Training

struct ProbePlanTests {
    private func plan(
        numClips: Int, prompts: [String] = ["", ""], wordings: PromptWordings? = nil,
        changesPrompts: Bool = true, seed: UInt64 = 1
    ) -> ProbePlan {
        ProbePlan(
            MovingDataset(numClips: numClips, prompts: prompts), outputs: MovingDataset.outputs,
            wordings: wordings, defaultPrompt: "Classify.", changesPrompts: changesPrompts,
            seed: seed)
    }

    @Test func drawsAtMost500QuestionsOfEachTaskBySeed() {
        func sample(_ seed: UInt64) -> [Int] {
            plan(numClips: 700, changesPrompts: false, seed: seed).rows.map(\.question)
        }
        let questions = sample(1)
        #expect(questions.count == 1000 && questions == questions.sorted())
        #expect(questions.count { $0 % 2 == 0 } == 500 && Set(questions).count == 1000)
        #expect(questions == sample(1) && questions != sample(2))
    }

    /// So that a clip's tokens are read once for all that is asked about it.
    @Test func questionsAboutAClipStayTogether() {
        let clips = plan(numClips: 700).rows.map { $0.question / 2 }
        #expect(zip(clips, clips.dropFirst()).count { $0 != $1 } + 1 == Set(clips).count)
    }

    @Test func asksTrainedWordingsInTurnAndEachOneThatIsHeldOut() {
        let wordings = PromptWordings([
            .init(
                task: "way", training: ["a", "b"],
                heldOut: [
                    .init(name: "near", prompts: ["c"]), .init(name: "far", prompts: ["d", "e"]),
                ])
        ])
        let rows = plan(numClips: 4, wordings: wordings, changesPrompts: false).rows
        let ofFirst = rows.filter { $0.question == 0 }
        #expect(ofFirst.map(\.prompt) == ["a", "c", "d", "e"])
        #expect(
            ofFirst.map(\.purpose)
                == [.asItIs, .heldOut(list: 0), .heldOut(list: 1), .heldOut(list: 1)])
        let trained = rows.filter { $0.question % 2 == 0 && $0.purpose == .asItIs }
        #expect(trained.map(\.prompt) == ["a", "b", "a", "b"])
        #expect(rows.filter { $0.question == 1 }.map(\.prompt) == ["Classify."])
    }

    @Test func asksWithoutPromptAndWithThatOfAnotherTask() {
        let rows = plan(numClips: 4, prompts: ["which way", "which color"]).rows
        #expect(
            rows.filter { $0.question == 3 }.map(\.prompt) == ["which color", "", "which way"])
        let change = TaskProbes.Change.otherPrompt
        #expect(rows.count { $0.purpose == .change(change) } == 8)
    }

    @Test func tasksThatAreAskedTheSameHaveNoOtherPrompt() {
        let rows = plan(numClips: 4).rows
        #expect(!rows.contains { $0.purpose == .change(.otherPrompt) })
    }
}
