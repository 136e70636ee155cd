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
}
