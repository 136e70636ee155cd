import Files
import Foundation
import Testing

@testable import Reports

/// Pages that people mail to each other, of more clips than fit.
struct PageSizeTests {
    private static let stored = Result {
        try StoredRun(videos: (0..<10_000).map { "clips/some folder/video number \($0).mp4" })
    }

    @Test func aDatasetOf10000ClipsStaysBelow20MBAndSaysWhatItLeavesOut() async throws {
        let stored = try Self.stored.get()
        let report = try DatasetReport(of: stored.pixels, extent: .whole, jobs: 2)
        let page = try await report.makePage()
        #expect(page.clips.count == 10_000)
        #expect(page.clips.count { $0.strip != nil } > 500)
        #expect(page.note.contains("have a picture"))
        #expect(try PageTemplate.dataset.page(showing: page).count < 20_000_000)
    }

    @Test func picturesMakeRoomForLongPaths() async throws {
        let folder = String(repeating: "<\u{1F39E}>", count: 800)
        let stored = try StoredRun(videos: (0..<10_000).map { "\($0)/\(folder)" })
        defer { stored.remove() }
        let page = try await DatasetReport(of: stored.pixels, extent: .whole, jobs: 2).makePage()
        #expect(page.clips.contains { $0.strip != nil })
        #expect(try PageTemplate.dataset.page(showing: page).count < 20_000_000)
    }

    @Test func aRunOf50000AnswersStaysBelow5MB() throws {
        let stored = try Self.stored.get()
        let run = try stored.run(questionsPerClip: 5) { clip, task in
            (clip / 7 % (task + 2), 0.4 + Double(clip % 60) / 100)
        }
        let page = try RunReport(run: run).makePage()
        #expect(page.tasks.reduce(0) { $0 + $1.questions } == 50_000)
        #expect(page.clips.contains { $0.strip != nil })
        #expect(try PageTemplate.run.page(showing: page).count < 5_000_000)
    }

    @Test func aRunWhosePicturesAreLargeStaysBelow5MB() throws {
        let stored = try StoredRun(
            videos: (0..<60).map { "\($0).mp4" }, shape: [3, 16, 112, 112])
        defer { stored.remove() }
        let run = try stored.run { clip, task in (clip / 7 % (task + 2), 0.9) }
        let page = try RunReport(run: run).makePage()
        #expect(page.clips.contains { $0.strip != nil })
        #expect(page.clips.contains { $0.strip == nil })
        #expect(try PageTemplate.run.page(showing: page).count < 5_000_000)
    }
}
