import Testing

@testable import Training

struct ClipReadingTests {
    /// Six words and two marks are all that the Q-Former has positions for.
    private static let longest = "which color is it which color"

    @Test func saysOfWhichPromptsTheRestIsNotRead() throws {
        let reading = try PromptFixture.reading()
        #expect(reading.remark(onLong: [Self.longest, "what"]) == nil)
        let one = try #require(
            reading.remark(onLong: Array(repeating: Self.longest + " is", count: 9)))
        #expect(one.contains("reads the first 8 tokens of a prompt"))
        #expect(one.contains("here of 1 prompt: \"which color"))
        let two = try #require(
            reading.remark(onLong: [Self.longest + " it", "what", Self.longest + " it is it"]))
        #expect(two.contains("here of 2 prompts"))
        let ids = reading.tokenized([Self.longest, Self.longest + " it"])
        #expect(ids[0] == ids[1] && ids[0].count == 8)
    }

    @Test func aDefaultPromptMayBeTooLong() throws {
        let reading = try ClipReading(
            qformer: PromptFixture.qformer(), tokenizer: PromptFixture.tokenizer(),
            defaultPrompt: Self.longest + " big")
        #expect(reading.remark(onLong: []) != nil)
    }

    @Test func withoutTextNothingIsTooLong() throws {
        let reading = try ClipReading(qformer: smallQFormer)
        #expect(reading.remark(onLong: [Self.longest + " is it"]) == nil)
    }

    /// Each mark is a token of one byte, without a space beside it.
    @Test func aPromptOfFewBytesMayBeTooLong() throws {
        let reading = try PromptFixture.reading()
        #expect(reading.remark(onLong: ["???????"]) != nil)
        #expect(reading.remark(onLong: ["??????"]) == nil)
    }

    @Test func anEmptyPromptIsReadAsTheDefaultOneUnlessThereShallBeNone() throws {
        let reading = try ClipReading(
            qformer: PromptFixture.qformer(), tokenizer: PromptFixture.tokenizer(),
            defaultPrompt: "which color")
        let ids = reading.tokenized(["", "which color", "what"])
        #expect(ids[0] == ids[1] && ids[0] != ids[2])
        #expect(reading.withoutDefaultPrompt.tokenized([""]).map(\.count) == [2])
    }
}
