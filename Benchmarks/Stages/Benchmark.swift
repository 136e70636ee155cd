public import ArgumentParser
import Files
import Foundation
import Models
import Pipelines
import Preprocessing
import Recipes
import Shards
import Tensors
import VideoDecoding

/// Times the stages of the pipeline one by one, on one thread.
@main
struct Benchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vbbench", abstract: "Times decode, resize, zstd and reading.")

    @Argument(help: "Video files to decode (default: real clips of the tests).")
    var videos: [String] = [
        "bikes.mp4", "cockatoo.mp4", "world.mp4", "band.mkv", "screencast.webm",
    ].map { "Tests/Fixtures/videos/real/\($0)" }

    @Option(help: "Only read this pixel dataset as float32, and print clips per second as JSON.")
    var read: String?

    @Option(help: "Only run this encoder, such as preset:blip2.")
    var encoder: String?

    @Option(help: "What --encoder multiplies in.")
    var precision = VisionPrecision.bfloat16

    @Option(help: "Frames that --encoder encodes.")
    var frames = 4

    @Option(help: "Only train this Q-Former on noise, such as preset:base.")
    var train: String?

    @Option(help: "How --train keeps frames apart: joint, frames or bound.")
    var trainLayout = FrameLayout.joint

    @Option(help: "Tokens of each prompt that --train reads, as preset:base-text can.")
    var promptTokens = 0

    @Option(help: "What --train multiplies frame tokens in.")
    var trainPrecision = TrainingPrecision.float32

    @Option(help: "Batches of 8 clips that --train adds up for an update.")
    var accumulation = 1

    @Option(help: "Updates that --train does and measures.")
    var updates = 3

    func run() throws {
        if let read { return try timeReading(of: read) }
        if let encoder { return try timeEncoder(encoder) }
        if let train { return try timeTraining(train) }
        print(row("stage", "median ms", "what"))
        var pixels: [UInt8] = []
        for video in videos {
            var clips = ClipLoader(ClipRecipe(), timeoutSeconds: 60)
            let name = URL(fileURLWithPath: video).lastPathComponent
            let milliseconds = try median { pixels = try clips.load(path: video).pixels }
            print(row("decode and resize", milliseconds, "8 frames of \(name)"))
            let survey = try median {
                _ = try VideoSurvey(openVideo(video), timeoutSeconds: 60)
            }
            print(row("packet scan", survey, name))
        }
        timeResize()
        try timeStorage(of: pixels)
    }

    private func timeResize() {
        for (width, height) in [(320, 240), (640, 360), (1920, 1080)] {
            let source = (0..<3 * width * height).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            var resizer = BicubicResize(sourceWidth: width, sourceHeight: height, size: 224)
            var target = [UInt8](repeating: 0, count: 3 * 224 * 224)
            let milliseconds = median {
                var span = target.mutableSpan
                resizer.resize(source.span, into: &span, slots: [0], numFrames: 1)
            }
            print(row("resize", milliseconds, "\(width)×\(height) to 224×224"))
        }
    }

    private func timeStorage(of pixels: [UInt8]) throws {
        let compressor = try ZstdCompressor(level: 3)
        let array = NPYArray(elementType: .uint8, shape: [3, 8, 224, 224], elements: pixels)
        var frame: [UInt8] = []
        let compress = try median { frame = try compressor.compress(array.fileBytes) }
        let size = "\(array.fileBytes.count) to \(frame.count) bytes"
        print(row("zstd compress", compress, size))
        let decompress = try median {
            _ = try zstdDecompress(frame, expectedCount: array.fileBytes.count)
        }
        print(row("zstd decompress", decompress, size))
        print(
            row(
                "sha256", median { _ = sha256Hex(array.fileBytes) },
                "\(array.fileBytes.count) bytes"))
    }

    /// Reads batches of 8 clips as float32 (B, C, T, H, W), normalised.
    private func timeReading(of directory: String) throws {
        let dataset = try Dataset(directory: directory)
        let normalization = PixelNormalization(
            imageMean: dataset.description.normalization.imageMean,
            imageStd: dataset.description.normalization.imageStd,
            rescaleFactor: dataset.description.normalization.rescaleFactor)
        let count = dataset.description.array.shape.reduce(1, *)
        var batch = [Float](repeating: 0, count: 8 * count)
        let start = ContinuousClock.now
        var clips = 0
        for reader in try dataset.readers() {
            for sample in reader.samples {
                let array = try reader.array(of: ShardFormat.pixelMember, in: sample)
                let slot = clips % 8 * count
                batch.withMutableSpan(of: slot..<slot + count) { target in
                    array.withElements { normalization.normalize($0, into: &target) }
                }
                clips += 1
            }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        print(
            "{\"clips\":\(clips),\"seconds\":\(seconds),\"clips_per_second\":\(Double(clips) / seconds)}"
        )
    }

    /// The median of at least 5 runs and half a second, in milliseconds.
    private func median(_ body: () throws -> Void) rethrows -> Double {
        var times: [Double] = []
        let end = ContinuousClock.now + .milliseconds(500)
        while times.count < 5 || ContinuousClock.now < end {
            let start = ContinuousClock.now
            try body()
            times.append((ContinuousClock.now - start) / .milliseconds(1))
        }
        return times.sorted()[times.count / 2]
    }

    private func row(_ stage: String, _ milliseconds: Double, _ what: String) -> String {
        row(stage, String(format: "%.3f", milliseconds), what)
    }

    private func row(_ stage: String, _ value: String, _ what: String) -> String {
        stage + String(repeating: " ", count: max(1, 20 - stage.count))
            + String(repeating: " ", count: max(0, 10 - value.count)) + value + "  " + what
    }
}

extension VisionPrecision: ExpressibleByArgument {}

extension Benchmark {
    /// Encodes frames of noise; prints rates and memory as JSON.
    private func timeEncoder(_ reference: String) throws {
        let model = try ModelDirectory.resolve(reference)
        let rate = try model.measureProductRate(precision, rounds: 5)
        let transformer = try model.makeVisionTransformer(precision: precision)
        let size = transformer.imageSize
        let pixels = (0..<frames * 3 * size * size).map {
            Float(($0 &* 2_654_435_761) & 255) / 128 - 1
        }
        var features = [Float](
            repeating: 0, count: frames * transformer.numTokens * transformer.hiddenSize)
        var span = features.mutableSpan
        transformer.encode(pixelValues: pixels.span, numFrames: frames, into: &span)
        let elapsed = ContinuousClock().measure {
            transformer.encode(pixelValues: pixels.span, numFrames: frames, into: &span)
        }
        let seconds =
            Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
        let gflops = Double(frames * transformer.flopsPerFrame) / seconds / 1e9
        print(
            """
            {"precision":"\(precision.rawValue)","frames_per_second":\(Double(frames) / seconds),\
            "gflops":\(gflops),"product_gflops":\(rate),"share":\(gflops / rate),"peak_bytes":\(try peakBytes())}
            """)
    }
}
