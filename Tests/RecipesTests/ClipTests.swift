import Files
import Testing

@testable import Recipes

struct ClipTests {
    @Test func keyDependsOnPathAndWindowAlone() throws {
        let clips = [
            Clip(video: "a.mp4"), Clip(video: "b.mp4"), Clip(video: "a.mp4", start: 1),
            Clip(video: "a.mp4", end: 1), Clip(video: "a.mp4", start: 1, end: 2),
        ]
        #expect(Set(clips.map(\.key)).count == clips.count)
        #expect(Clip(video: "a.mp4", start: 1.0).key == clips[2].key)
        #expect("\(clips[0].key)".count == 16)
        #expect(ClipKey("\(clips[0].key)") == clips[0].key)
    }

    @Test(arguments: [
        "", "0123456789abcde", "0123456789ABCDEF", "0123456789abcdeg", "+123456789abcdef",
    ])
    func keyIsSixteenLowerCaseDigits(_ text: String) {
        #expect(ClipKey(text) == nil)
    }

    @Test func windowsAreTextInJSON() throws {
        let clip = Clip(video: "a.mp4", start: 0.5)
        let json = try canonicalJSON(clip, pretty: false)
        #expect(
            String(decoding: json, as: UTF8.self)
                == "{\"end\":\"\",\"start\":\"0.5\",\"video\":\"a.mp4\"}\n")
        #expect(try decodeJSON(Clip.self, from: json) == clip)
    }

    @Test(arguments: ["-1", "nan", "inf", "one"])
    func refusesWindowsThatAreNoTimes(_ text: String) {
        let json = "{\"video\":\"a\",\"start\":\"\(text)\",\"end\":\"\"}"
        #expect(throws: (any Error).self) { try decodeJSON(Clip.self, from: Array(json.utf8)) }
    }
}
