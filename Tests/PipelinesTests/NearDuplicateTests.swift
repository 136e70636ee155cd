import Foundation
import Recipes
import Tensors
import TestSupport
import Testing

@testable import Pipelines

struct NearDuplicateTests {
    @Test func findsTheSameVideoInAnotherSplitOrWithAnotherLabel() async throws {
        let workspace = try Workspace()
        let summary = try await build(
            try workspace.options(
                """
                video,label,split,start
                real/park.mp4,x,train,
                real/park.mp4,x,test,0
                real/park.mp4,y,train,0.01
                real/realshort.mp4,x,train,

                """))
        #expect(summary.nearDuplicates == 3)
        let text = try String(
            contentsOfFile: workspace.url.path + "/data/near-duplicates.csv", encoding: .utf8)
        #expect(text.hasPrefix("why,bits,key_a,split_a,label_a,video_a,key_b,"))
        #expect(text.contains("other-split,0.0,") && text.contains("other-label,"))
        #expect(!text.contains("realshort"))
    }

    /// Many questions about one clip are one clip.
    @Test func comparesClipsNotQuestions() async throws {
        let workspace = try Workspace()
        let summary = try await build(
            try workspace.options(
                """
                video,label,split,prompt
                real/park.mp4,x,train,one
                real/park.mp4,y,train,two

                """))
        #expect(summary.nearDuplicates == nil)
    }

    /// Twenty thousand clips that all look alike: linear, and still some pair for each kind.
    @Test func staysLinearWhereAllLookAlike() async throws {
        let workspace = try Workspace()
        let rows = (0..<20_000).map { "v\($0).mp4,\($0 % 2 == 0 ? "x" : "y"),train" }
        let manifest = (["video,label,split"] + rows).joined(separator: "\n") + "\n"
        let plan = try BuildShards(options: try workspace.options(manifest))
        var search = NearDuplicateSearch()
        let random = CounterRandom(seed: 1, stream: 1)
        for position in 0..<20_000 {
            // One bit of 64 differs at most.
            let hash = 0x0F0F_1234_5678_9ABC ^ (UInt64(1) << (random.bits(UInt64(position)) % 64))
            search.add(String(hash, radix: 16).leftPadded(to: 16), of: position)
        }
        let pairs = search.pairs { NearDuplicateClip($0, of: plan) }
        #expect(pairs.count == NearDuplicateSearch.maximumCount)
        #expect(pairs.allSatisfy { $0.first.contradicts($0.second) && $0.distance <= 2 })
    }
}

extension String {
    fileprivate func leftPadded(to count: Int) -> String {
        String(repeating: "0", count: max(0, count - self.count)) + self
    }
}
