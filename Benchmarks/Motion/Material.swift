import Files
import Pipelines
import Preprocessing
import Recipes
import Tensors
import VideoDecoding

/// Frames of one real video, as squares.
struct Footage: Sendable {
    /// Height and width of a frame in pixels.
    static let size = 240
    /// Squares that are cut from a frame, from left to right or from top to bottom.
    static let numPlaces = 3
    private static let framesPerSecond = 12.0
    private static let files = [
        "street.avi", "cockatoo.mp4", "band.mkv", "world.mp4", "city.mpg", "bigbuckbunny.mp4",
        "bikes.mp4", "screencast.webm", "carphone_pristine.mp4",
    ]
    /// What a split shows of each half of the video, so that a cut in the middle leaves no split without
    /// a scene, and in how many frames at most; gaps keep splits apart.
    private static let parts: [(split: Split, part: ClosedRange<Double>, maximum: Int)] = [
        (.train, 0...0.55, 60), (.validation, 0.58...0.75, 15), (.test, 0.78...0.97, 20),
    ]
    /// Halves of the video.
    static let numHalves = 2

    /// Name of the file without extension, which is the answer to "what is behind it?".
    let name: String
    /// Of each half.
    private let shots: [Split: [Shot]]

    /// What is seen of the footage.
    struct View: Sendable {
        /// Which half of the video is shown.
        let half: Int
        /// Which square of a frame.
        let place: Int
        /// Top left corner in the square.
        let corner: (row: Int, column: Int)
        /// Whether left and right are exchanged.
        let isMirrored: Bool
    }

    /// The frames of one part.
    private struct Shot {
        let numFrames: Int
        /// UInt8 (3, T, H, W) of each place.
        var squares: [[UInt8]]
    }

    /// Decodes all footage in `folder`.
    static func loadAll(from folder: String) throws -> [Footage] {
        try mapInParallel(files.count) { index in
            Result { try Footage(path: "\(folder)/\(files[index])") }
        }.map { try $0.get() }
    }

    private init(path: String) throws {
        let file = path.split(separator: "/").last ?? ""
        name = String(file.split(whereSeparator: { "._".contains($0) }).first ?? "")
        let seconds = try VideoSurvey(openVideo(path), timeoutSeconds: 600).durationSeconds
        var shots: [Split: [Shot]] = [:]
        for (split, part, maximum) in Self.parts {
            shots[split] = try (0..<Self.numHalves).map { half in
                let start = (Double(half) + part.lowerBound) * seconds / Double(Self.numHalves)
                let end = (Double(half) + part.upperBound) * seconds / Double(Self.numHalves)
                let numFrames = min(maximum, Int((end - start) * Self.framesPerSecond))
                return try Self.shot(
                    Clip(video: path, start: start, end: end),
                    numFrames: max(Trajectory.numFrames, numFrames))
            }
        }
        self.shots = shots
    }

    private static func shot(_ clip: Clip, numFrames: Int) throws -> Shot {
        var recipe = ClipRecipe()
        recipe.numFrames = numFrames
        let request = ClipRequest(
            path: clip.video, clip: clip, recipe: recipe, timeoutSeconds: 600, maxPixels: 1 << 24)
        let blank = [UInt8](repeating: 0, count: 3 * numFrames * size * size)
        var shot = Shot(
            numFrames: numFrames, squares: [[UInt8]](repeating: blank, count: numPlaces))
        var decoder = ClipDecoder()
        _ = try decoder.decode(request) { slots, frame in
            let side = min(frame.width, frame.height)
            var resize = BicubicResize(sourceWidth: side, sourceHeight: side, size: size)
            for place in 0..<numPlaces {
                let left = (frame.width - side) * place / (numPlaces - 1)
                let top = (frame.height - side) * place / (numPlaces - 1)
                let square = (top..<top + side).flatMap { row in
                    frame.pixels[(3 * (row * frame.width + left))...].prefix(3 * side)
                }
                var target = shot.squares[place].mutableSpan
                resize.resize(square.span, into: &target, slots: slots, numFrames: numFrames)
            }
        }
        return shot
    }

    /// Number of frames of a half that `split` may show.
    func numFrames(of split: Split, half: Int) -> Int { shots[split]?[half].numFrames ?? 0 }

    /// What `view` shows of frame `frame`, UInt8 (size, size, 3).
    func picture(split: Split, frame: Int, view: View, size: Int) -> [UInt8] {
        guard let shot = shots[split]?[view.half] else { return [] }
        var picture = [UInt8](repeating: 0, count: 3 * size * size)
        for channel in 0..<3 {
            let plane = (channel * shot.numFrames + frame) * Self.size
            for y in 0..<size {
                let start = (plane + view.corner.row + y) * Self.size + view.corner.column
                let line = shot.squares[view.place][start..<start + size]
                for x in 0..<size {
                    picture[3 * (y * size + x) + channel] =
                        line[start + (view.isMirrored ? size - 1 - x : x)]
                }
            }
        }
        return picture
    }
}

/// 5,000 handwritten digits of 20 × 20 pixels, 100 a row, five rows for each of 0 to 9.
struct DigitSheet: Sendable {
    private static let side = 20
    private static let perRow = 100
    private static let rowsPerDigit = 5
    /// Which samples of a digit a split draws from.
    private static let samples: [Split: Range<Int>] = [
        .train: 0..<400, .validation: 400..<450, .test: 450..<500,
    ]
    /// UInt8 (1000, 2000).
    private let values: [UInt8]

    /// Reads the sheet at `path`.
    init(path: String) throws {
        var recipe = ClipRecipe()
        recipe.numFrames = 1
        var values: [UInt8] = []
        var decoder = ClipDecoder()
        _ = try decoder.decode(
            ClipRequest(
                path: path, clip: Clip(video: path), recipe: recipe, timeoutSeconds: 60,
                maxPixels: 1 << 24)
        ) { _, frame in
            values = stride(from: 0, to: frame.pixels.count, by: 3).map { frame.pixels[$0] }
        }
        self.values = values
    }

    /// Samples of a digit that `split` may show.
    static func samples(of split: Split) -> Range<Int> { samples[split] ?? 0..<500 }

    /// How opaque sample `sample` of `digit` is at `size` × `size` pixels, 0…1 (size, size).
    func opacity(digit: Int, sample: Int, size: Int) -> [Float] {
        let top = (digit * Self.rowsPerDigit + sample / Self.perRow) * Self.side
        let left = sample % Self.perRow * Self.side
        var small: [UInt8] = []
        for row in top..<top + Self.side {
            for column in left..<left + Self.side {
                let value = values[row * Self.perRow * Self.side + column]
                small += [value, value, value]
            }
        }
        var large = [UInt8](repeating: 0, count: 3 * size * size)
        var resize = BicubicResize(sourceWidth: Self.side, sourceHeight: Self.side, size: size)
        var target = large.mutableSpan
        resize.resize(small.span, into: &target, slots: [0], numFrames: 1)
        return large[..<(size * size)].map { min(1, 1.3 * Float($0) / 255) }
    }
}
