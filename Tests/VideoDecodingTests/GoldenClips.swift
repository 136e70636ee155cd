import Crypto
import Foundation
import Recipes
import TestSupport
import Testing

@testable import VideoDecoding

/// What a reference decoder found in one of the clips of `Tests/Fixtures/videos`.
struct GoldenClip: Decodable, CustomTestStringConvertible {
    let video: String
    let outcome: String
    var codec: String?
    var pixelFormat: String?
    var width: Int?
    var height: Int?
    var rotation: Int?
    var framesInHeader: Int?
    var frames: Int?
    var indices: [Int]?
    var planesSha256: [String]?
    var rgb24Sha256: [String]?

    var testDescription: String { video }
    var path: String { Fixtures.path("videos/\(video)") }

    static let all: [GoldenClip] = {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let url = URL(fileURLWithPath: Fixtures.path("golden/frames.json"))
        return (try? decoder.decode([GoldenClip].self, from: Data(contentsOf: url))) ?? []
    }()

    static func withOutcome(_ outcome: String) -> [GoldenClip] {
        all.filter { $0.outcome == outcome }
    }
}

/// What a decode delivered: the receipt, and one picture per slot.
struct DecodedClip: CustomStringConvertible {
    var receipt: ClipReceipt
    var slots: [RGBFrame]

    /// SHA-256 of the pixels of each slot.
    var hashes: [String] { slots.map { sha256($0.pixels) } }

    var description: String { "\(receipt)" }

    init(_ request: ClipRequest, usesIndex: Bool = true, residentLimitBytes: Int = 1 << 30) throws {
        var decoder = ClipDecoder()
        decoder.usesIndex = usesIndex
        decoder.residentLimitBytes = residentLimitBytes
        var filled: [Int: RGBFrame] = [:]
        receipt = try decoder.decode(request) { slots, frame in
            for slot in slots { filled[slot] = copy frame }
        }
        slots = filled.sorted { $0.key < $1.key }.map(\.value)
    }
}

func sha256(_ bytes: [UInt8]) -> String {
    SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
}

extension ClipRequest {
    /// Asks for `numFrames` frames of the video at `path`, with the other defaults of a recipe.
    init(
        path: String, startSeconds: Double? = nil, endSeconds: Double? = nil, numFrames: Int = 8,
        sampling: FrameSampling = .linspace, autorotate: Bool = true, timeoutSeconds: Double = 60,
        maxPixels: Int = 1 << 26
    ) {
        var recipe = ClipRecipe()
        recipe.numFrames = numFrames
        recipe.sampling = sampling
        recipe.autorotate = autorotate
        self.init(
            path: path, clip: Clip(video: path, start: startSeconds, end: endSeconds),
            recipe: recipe, timeoutSeconds: timeoutSeconds, maxPixels: maxPixels)
    }
}
