import Files
import Pipelines
import Preprocessing
import Recipes
import Tensors
import VideoDecoding

/// Stretches of one real video, each of consecutive frames, as squares.
struct Footage: Sendable {
    /// Height and width of a frame in pixels.
    static let size = 240
    /// Frames of a stretch, which lasts `seconds`.
    static let numFrames = 14
    private static let seconds = 1.1
    private static let files = [
        "street.avi", "cockatoo.mp4", "band.mkv", "world.mp4", "city.mpg", "bigbuckbunny.mp4",
        "bikes.mp4", "screencast.webm", "carphone_pristine.mp4",
    ]

    /// Name of the file without extension, which is the answer to "what is behind it?".
    let name: String
    /// UInt8 (3, T, H, W) of each stretch.
    private let stretches: [Split: [[UInt8]]]

    /// Decodes stretches of all footage in `folder`.
    static func loadAll(from folder: String) throws -> [Footage] {
        try mapInParallel(files.count) { index in
            Result { try Footage(path: "\(folder)/\(files[index])") }
        }.map { try $0.get() }
    }

    private init(path: String) throws {
        let file = path.split(separator: "/").last ?? ""
        name = String(file.split(whereSeparator: { "._".contains($0) }).first ?? "")
        let survey = try VideoSurvey(openVideo(path), timeoutSeconds: 600)
        var recipe = ClipRecipe()
        (recipe.numFrames, recipe.imageSize) = (Self.numFrames, Self.size)
        recipe.resize = .crop(edge: nil)
        var loader = ClipLoader(recipe, timeoutSeconds: 600)
        var stretches: [Split: [[UInt8]]] = [:]
        for (split, part, count) in Self.parts {
            let first = part.lowerBound * survey.durationSeconds
            let room = part.upperBound * survey.durationSeconds - Self.seconds - first
            for number in 0..<count {
                let start = first + max(0, room) * Double(number) / Double(count - 1)
                let clip = Clip(video: path, start: start, end: start + Self.seconds)
                stretches[split, default: []].append(try loader.load(path: path, clip: clip).pixels)
            }
        }
        self.stretches = stretches
    }

    /// Which part of the video a split draws how many stretches from; gaps keep splits apart.
    private static let parts: [(Split, ClosedRange<Double>, Int)] = [
        (.train, 0...0.55, 12), (.validation, 0.58...0.75, 3), (.test, 0.78...1, 5),
    ]

    /// Number of stretches that `split` may show.
    static func stretches(of split: Split) -> Int { parts.first { $0.0 == split }?.2 ?? 0 }

    /// A square of a frame, UInt8 (H, W, 3).
    func picture(
        split: Split, stretch: Int, frame: Int, row: Int, column: Int, size: Int
    ) -> [UInt8] {
        let pixels = stretches[split]?[stretch] ?? []
        var picture: [UInt8] = []
        picture.reserveCapacity(3 * size * size)
        for y in row..<row + size {
            for x in column..<column + size {
                for channel in 0..<3 {
                    let plane = (channel * Self.numFrames + frame) * Self.size
                    picture.append(pixels[(plane + y) * Self.size + x])
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
