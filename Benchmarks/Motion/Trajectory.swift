import Recipes
import Tensors

/// A digit that moves in a straight line over a stretch of footage.
struct Trajectory: Sendable {
    /// Height and width of a picture in pixels.
    static let size = 224
    /// Pictures of a video.
    ///
    /// Four of them are sampled evenly, 0, 3, 6 and 9, which are the same four
    /// when the video runs backwards.
    static let numFrames = 10
    private static let digits = [0, 1, 2, 4]
    private static let directions = [("right", "left"), ("down", "up")]

    let name: String
    private let split: Split
    private let digit: Int
    private let source: Int
    private let isVertical: Bool
    private let sample: Int
    private let digitSize: Int
    /// Top left corner of the digit in the first picture and in the last.
    private let start: (x: Float, y: Float)
    private let end: (x: Float, y: Float)
    private let view: Footage.View
    /// Frame of the footage behind each picture.
    private let backgrounds: [Int]

    /// Chooses axis, digit and footage in turn, so that no answer predicts another, all else by lot.
    init(number: Int, split: Split, seed: UInt64, footage: [Footage]) {
        var lot = Lot(
            random: CounterRandom(
                seed: seed,
                stream: UInt64(number) * 3 + (split == .train ? 0 : split == .test ? 1 : 2)))
        self.split = split
        name = "\(split.rawValue)-\(number)"
        isVertical = number % 2 == 1
        digit = Self.digits[number / 2 % Self.digits.count]
        source = number / 2 % footage.count
        sample = lot.integer(in: DigitSheet.samples(of: split))
        digitSize = lot.integer(in: 80..<105)
        let room = Float(Self.size - digitSize)
        let travel = lot.number(in: 72...112)
        let along = lot.number(in: 0...room - travel)
        let across = lot.number(in: 0...room)
        start = isVertical ? (across, along) : (along, across)
        end = isVertical ? (across, along + travel) : (along + travel, across)
        let half = lot.integer(in: 0..<Footage.numHalves)
        let numFrames = footage[source].numFrames(of: split, half: half)
        let first = lot.integer(in: 0..<numFrames - Self.numFrames + 1)
        let shown = Array(first..<first + Self.numFrames)
        // The footage's own direction says nothing of the digit's.
        backgrounds = lot.integer(in: 0..<2) == 0 ? shown : shown.reversed()
        let place = lot.integer(in: 0..<Footage.numPlaces)
        let margin = 0..<Footage.size - Self.size + 1
        let corner = (lot.integer(in: margin), lot.integer(in: margin))
        view = Footage.View(
            half: half, place: place, corner: corner, isMirrored: lot.integer(in: 0..<2) == 0)
    }

    /// The direction, the file's name and whether the pictures are in reverse, for both videos.
    var bothWays: [(direction: String, name: String, isBackwards: Bool)] {
        let (forwards, backwards) = Self.directions[isVertical ? 1 : 0]
        return [(forwards, "\(name)-a", false), (backwards, "\(name)-b", true)]
    }

    /// The tasks and their right answers for the video in which the digit moves to `direction`.
    func answers(direction: String, _ footage: [Footage]) -> [(task: String, label: String)] {
        [("direction", direction), ("background", footage[source].name), ("digit", "\(digit)")]
    }

    /// The pictures in the order of the first video, UInt8 (H, W, 3) each.
    func draw(on footage: [Footage], with sheet: DigitSheet) -> [[UInt8]] {
        let sprite = Sprite(
            opacity: sheet.opacity(digit: digit, sample: sample, size: digitSize), size: digitSize)
        return backgrounds.enumerated().map { position, frame in
            var picture = footage[source].picture(
                split: split, frame: frame, view: view, size: Self.size)
            let share = Float(position) / Float(Self.numFrames - 1)
            sprite.draw(
                on: &picture, pictureSize: Self.size, x: start.x + share * (end.x - start.x),
                y: start.y + share * (end.y - start.y))
            return picture
        }
    }
}

/// Random choices, one after the other.
private struct Lot {
    let random: CounterRandom
    private var position: UInt64 = 0

    init(random: CounterRandom) { self.random = random }

    mutating func number(in range: ClosedRange<Float>) -> Float {
        position += 1
        return range.lowerBound + random.uniform(position) * (range.upperBound - range.lowerBound)
    }

    mutating func integer(in range: Range<Int>) -> Int {
        position += 1
        return range.lowerBound + Int(random.bits(position) % UInt64(range.count))
    }
}
