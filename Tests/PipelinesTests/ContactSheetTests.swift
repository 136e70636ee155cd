import Testing

@testable import Pipelines

struct ContactSheetTests {
    private static func clip(
        label: String = "a cat", damage: String = "", hasPixels: Bool = true
    ) -> ContactSheet.Clip {
        ContactSheet.Clip(
            key: "0011223344556677", label: label, split: "train", video: "clips/cat.mp4",
            frameIndices: [0, 3, 6, 9], damage: damage,
            pixels: hasPixels ? [UInt8](repeating: 120, count: 3 * 4 * 32 * 32) : nil)
    }

    private static func sheet(_ clips: [ContactSheet.Clip]) -> Canvas {
        ContactSheet(clips, numFrames: 4, size: 32, title: "cats", subtitle: "some of them").canvas
    }

    /// How many pixels have a colour that `matches`.
    private static func count(_ canvas: Canvas, _ matches: (Canvas.Color) -> Bool) -> Int {
        (0..<canvas.height).reduce(0) { sum, y in
            sum + (0..<canvas.width).count { matches(canvas.color(x: $0, y: y)) }
        }
    }

    @Test(arguments: [4, 9, 16, 40])
    func hasTheShapeOfASlide(clips: Int) {
        let canvas = Self.sheet((0..<clips).map { _ in Self.clip() })
        #expect((1.2...2.6).contains(Double(canvas.width) / Double(canvas.height)))
    }

    @Test func noTextLeavesItsCard() {
        let label = String(repeating: "long label ", count: 100)
        let canvas = Self.sheet([Self.clip(label: label)])
        let corner = canvas.color(x: 0, y: 0)
        // The margin beside the card.
        let margin = (canvas.width - 60..<canvas.width).flatMap { x in
            (0..<canvas.height).map { canvas.color(x: x, y: $0) }
        }
        #expect(margin.allSatisfy { $0 == corner })
    }

    @Test func marksADamagedClip() {
        func red(_ clip: ContactSheet.Clip) -> Int {
            Self.count(Self.sheet([clip])) { $0.x > 150 && $0.y < 80 && $0.z < 80 }
        }
        #expect(red(Self.clip()) == 0)
        #expect(red(Self.clip(damage: "3 frames are missing")) > 50)
        #expect(red(Self.clip(hasPixels: false)) > 50)
    }

    @Test func everyCharacterOfASCIIHasAGlyph() {
        func places(_ glyph: StrokeFont.Glyph) -> [Double] {
            glyph.lines.joined().flatMap { [$0.x, $0.y] }
        }
        let box = places(StrokeFont.glyph("漢"))
        for code in UInt8(33)..<127 {
            let character = Character(UnicodeScalar(code))
            let glyph = StrokeFont.glyph(character)
            #expect(!glyph.lines.isEmpty && places(glyph) != box, "\(character)")
            #expect(glyph.lines.joined().allSatisfy { -0.01...16.5 ~= $0.x && -5...17 ~= $0.y })
        }
    }

    @Test func accentsAreDrawn() {
        for (plain, accented) in zip("eaucnEr", "éäûçñÉř") {
            let (without, with) = (StrokeFont.glyph(plain), StrokeFont.glyph(accented))
            #expect(with.lines.count > without.lines.count, "\(accented)")
        }
        // Above a capital, not through it.
        let top = StrokeFont.glyph("É").lines.joined().map(\.y).max() ?? 0
        #expect(top > StrokeFont.capHeight + 2)
    }

    /// Clips whose frames have colours of their own, which neither paper nor ink has.
    private static func colored(clips: Int, frames: Int) -> Canvas {
        let clips = (0..<clips).map { clip in
            let pixels = (0..<3).flatMap { channel in
                (0..<frames).flatMap { frame in
                    let color: [UInt8] = [UInt8(250 - 10 * clip), UInt8(5 * frame), 90]
                    return Array(repeating: color[channel], count: 16 * 16)
                }
            }
            return ContactSheet.Clip(
                key: "", label: "", split: "", video: "", frameIndices: [], damage: "",
                pixels: pixels)
        }
        return ContactSheet(clips, numFrames: frames, size: 16, title: "", subtitle: "").canvas
    }

    /// Where such colours are: for each clip and frame every x.
    private static func columns(_ canvas: Canvas) -> [[Int]: [Int]] {
        var columns: [[Int]: [Int]] = [:]
        for y in 0..<canvas.height {
            for x in 0..<canvas.width {
                let color = canvas.color(x: x, y: y)
                guard color.z == 90 else { continue }
                columns[[(250 - Int(color.x)) / 10, Int(color.y) / 5], default: []].append(x)
            }
        }
        return columns
    }

    @Test(arguments: [1, 5, 9])
    func showsEveryFrameOfEveryClipInEqualSize(clips: Int) throws {
        let columns = Self.columns(Self.colored(clips: clips, frames: 3))
        #expect(columns.count == 3 * clips)
        let size = try #require(columns[[0, 0]]).count
        #expect(size > 40 * 40 && columns.values.allSatisfy { $0.count == size })
        for clip in 0..<clips {
            let left = try (0..<3).map { try #require(columns[[clip, $0]]?.min()) }
            #expect(left == left.sorted() && Set(left).count == 3)
        }
    }

    @Test func ofManyFramesSixteenAreShownFromTheFirstToTheLast() {
        let shown = Self.columns(Self.colored(clips: 1, frames: 40)).keys.map { $0[1] }.sorted()
        #expect(shown.count == 16 && shown.first == 0 && shown.last == 39)
        #expect(Set(zip(shown, shown.dropFirst()).map { $1 - $0 }) == [2, 3])
    }

    @Test func frameNumbersAreThoseOfTheVideo() throws {
        func sheet(_ indices: [Int]) throws -> [UInt8] {
            let clip = ContactSheet.Clip(
                key: "", label: "", split: "", video: "", frameIndices: indices, damage: "",
                pixels: [UInt8](repeating: 120, count: 3 * 4 * 32 * 32))
            return try Self.sheet([clip]).png()
        }
        #expect(try sheet([0, 3, 6, 9]) != sheet([0, 3, 6, 8]))
    }

    @Test(arguments: [9, 16])
    func noPlaceStaysEmptyWhereTheShapeIsAsGoodWithout(clips: Int) throws {
        let columns = Self.columns(Self.colored(clips: clips, frames: 3))
        let left = try (0..<clips).map { try #require(columns[[$0, 0]]?.min()) }
        #expect(clips % Set(left).count == 0)
    }
}
