import Shards
import Testing

@testable import Training

struct SplitRemarksSentencesTests {
    @Test func saysNothingOfSoundSplits() {
        #expect(DatasetDescription.SplitRemarks().sentences.isEmpty)
    }

    @Test func namesStraddlingSourcesAndSmallClasses() throws {
        var remarks = DatasetDescription.SplitRemarks()
        remarks.straddlingGroups = 3
        remarks.straddlingExamples = ["a.mp4", "b.mp4"]
        remarks.smallClasses = 1
        remarks.smallClassExamples = ["wave"]
        let sentences = remarks.sentences
        try #require(sentences.count == 2)
        #expect(sentences[0].contains("3 of the sources (a.mp4, b.mp4, …)"))
        #expect(sentences[1].contains("(wave)"))
    }
}
