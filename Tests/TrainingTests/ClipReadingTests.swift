import Testing

@testable import Models
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

    /// As of a file that was cut short; a table of embeddings may have a few rows more than words.
    @Test func saysThatAVocabularyLacksWords() throws {
        func remark(rows: Int) throws -> String? {
            var shape = PromptFixture.qformer()
            shape.text = QFormerConfiguration.Text(vocabularySize: rows, maxPositions: 8)
            return try ClipReading(qformer: shape, tokenizer: PromptFixture.tokenizer())
                .remarkOnVocabulary
        }
        #expect(try remark(rows: 15) == nil && remark(rows: 16) == nil)
        #expect(try remark(rows: 17)?.contains("has 15 tokens") == true)
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
