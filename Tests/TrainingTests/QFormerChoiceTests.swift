import Testing

@testable import Models
@testable import Training

struct QFormerChoiceTests {
    private func choose(
        own: QFormerConfiguration? = nil, hasPrompts: Bool = false,
        _ change: (inout QFormerOptions) -> Void = { _ in }
    ) throws -> QFormerChoice {
        var options = QFormerOptions()
        change(&options)
        return try QFormerChoice(
            options, own: own, encoderWidth: 24, numFrames: 5, hasPrompts: hasPrompts)
    }

    private func textQFormer() -> QFormerConfiguration {
        var shape = smallQFormer
        shape.text = .init(vocabularySize: 30_522, maxPositions: 512)
        return shape
    }

    @Test func aPretrainedQFormerIsUsedAsItIs() throws {
        let choice = try choose(own: smallQFormer)
        #expect(choice.isPretrained && choice.configuration == smallQFormer)
        #expect(choice.reason.contains("joint") && choice.reason.contains("model's own"))
    }

    @Test func aNewQFormerKeepsFramesApartAndStandardizes() throws {
        let choice = try choose()
        #expect(!choice.isPretrained && choice.configuration.text == nil)
        #expect(
            choice.configuration.frameOrder
                == FrameOrder(layout: .frames, position: .queries, numFrames: 5))
        #expect(choice.configuration.standardization == .channel)
        #expect(choice.reason.contains("frames"))
    }

    @Test func theArticlesModelIsAskedForByLayoutAndStandardization() throws {
        let choice = try choose {
            $0.preset = "preset:small"
            $0.layout = .joint
            $0.standardizes = false
        }
        #expect(
            try choice.configuration == .preset("preset:small", encoderHiddenSize: 24))
    }

    @Test(arguments: ["attentive", "preset:attentive"])
    func theAttentiveProbeIsOneQueryForTheWholeClip(_ name: String) throws {
        let choice = try choose { $0.preset = name }
        let shape = choice.configuration
        #expect(shape.numQueryTokens == 1 && shape.numHiddenLayers == 1 && shape.layout == .joint)
        #expect(shape.standardization == .channel && choice.reason.contains("attentive probe"))
    }

    @Test func promptsAloneMakeANewQFormerReadText() throws {
        #expect(try choose(hasPrompts: true).configuration.text != nil)
        let ignoring = try choose(hasPrompts: true) { $0.ignoresPrompts = true }
        #expect(ignoring.configuration.text == nil)
    }

    @Test func aQFormerOfAnotherWidthIsNotTheModelsOwn() throws {
        var other = smallQFormer
        other.encoderHiddenSize = 25
        #expect(try !choose(own: other).isPretrained)
    }

    @Test func refusesPromptsThatNobodyReads() throws {
        let pretrained = #expect(throws: TrainingError.self) {
            try choose(own: smallQFormer, hasPrompts: true)
        }
        #expect(pretrained == .unreadPrompts(isPretrained: true))
        for way in ["--qformer preset:small-text", "--model", "--ignore-prompts", "stage-2"] {
            #expect(pretrained?.description.contains(way) == true)
        }
        let new = #expect(throws: TrainingError.self) {
            try choose(hasPrompts: true) { $0.preset = "preset:base" }
        }
        #expect(new == .unreadPrompts(isPretrained: false))
        #expect(try choose(own: textQFormer(), hasPrompts: true).isPretrained)
        #expect(
            try choose(own: smallQFormer, hasPrompts: true) { $0.ignoresPrompts = true }
                .isPretrained)
    }

    @Test func refusesToIgnorePromptsThatAreRead() {
        #expect(throws: TrainingError.self) {
            try choose(own: textQFormer(), hasPrompts: true) { $0.ignoresPrompts = true }
        }
    }

    @Test(arguments: [
        (FrameLayout.joint, TemporalPosition.queries), (.joint, .outputs), (.frames, .tokens),
        (.bound, .tokens),
    ])
    func refusesTimesWhereTheyCannotBe(_ layout: FrameLayout, _ position: TemporalPosition) {
        let error = #expect(throws: TrainingError.self) {
            try choose {
                $0.layout = layout
                $0.position = position
            }
        }
        #expect(error?.description.contains("--temporal-position") == true)
    }

    @Test func refusesANewShapeForThePretrained() {
        #expect(throws: TrainingError.self) {
            try choose(own: smallQFormer) { $0.numQueryTokens = 3 }
        }
        #expect(throws: TrainingError.self) { try choose { $0.numHiddenLayers = 0 } }
    }
}
