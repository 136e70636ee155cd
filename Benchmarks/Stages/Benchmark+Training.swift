public import ArgumentParser
import Foundation
public import Models
import Recipes
import Tensors
import Training

extension TrainingPrecision: ExpressibleByArgument {}
extension FrameLayout: ExpressibleByArgument {}

/// Clips of 8 frames in memory, with 257 tokens of 1408, a label and perhaps a prompt each.
private struct NoiseClips: FeatureDataset {
    let tokensPerClip = 8 * 257
    let hiddenSize = 1408
    let labels: [Int]
    let keys: [String]
    let prompts: [String]
    /// The tokens of every clip.
    private let noise: [Float]

    /// `count` clips, with prompts of `promptTokens` tokens, of which the first and the last mark the
    /// ends.
    init(count: Int, promptTokens: Int) {
        labels = (0..<count).map { $0 % 8 }
        keys = (0..<count).map { "clip\($0)" }
        prompts = labels.map { _ in
            repeatElement("what", count: max(0, promptTokens - 2)).joined(separator: " ")
        }
        let random = CounterRandom(seed: 1, stream: 0)
        noise = (0..<tokensPerClip * hiddenSize).map { random.uniform(UInt64($0)) - 0.5 }
    }

    func readFeatures(of index: Int, into values: inout MutableSpan<Float>) {
        for position in 0..<values.count { values[position] = noise[position] }
    }
}

extension Benchmark {
    /// Trains on batches of noise; prints the median time of a batch, with its share of an update,
    /// and memory as JSON.
    func timeTraining(_ preset: String) throws {
        keepFreedMemory()
        try trainPrecision.requireAvailable()
        try requireOpenBLAS()
        let clips = NoiseClips(count: 8 * accumulation, promptTokens: promptTokens)
        var shape = try QFormerConfiguration.preset(
            preset, encoderHiddenSize: clips.hiddenSize, layout: trainLayout)
        if trainLayout != .joint {
            shape.frameOrder = FrameOrder(layout: trainLayout, position: .queries, numFrames: 8)
        }
        guard promptTokens == 0 || shape.text != nil else {
            throw ValidationError("\(preset) reads no prompts; take \(preset)-text.")
        }
        var options = TrainOptions()
        options.gradientAccumulation = accumulation
        options.maxSteps = updates + 1
        options.evalStrategy = .no
        options.precision = trainPrecision
        var trainer = try Trainer(
            model: VideoClassifier(configuration: shape, numClasses: 8, seed: 1),
            options: options, training: clips, validation: clips,
            outputs: ModelOutputs([AnswerSet(task: "", classes: (0..<8).map(String.init))]),
            reading: ClipReading(
                precision: trainPrecision, qformer: shape,
                tokenizer: shape.text.map { _ in
                    try WordPieceTokenizer(path: BundledVocabulary.path())
                }))
        var times: [Double] = []
        var start = ContinuousClock.now
        _ = try trainer.run { progress in
            if case .update = progress {
                times.append((.now - start) / .seconds(1) / Double(accumulation))
                start = .now
            }
            return .proceed
        }
        // The first update touches all memory for the first time.
        let seconds = times.dropFirst().sorted()[updates / 2]
        print(
            """
            {"precision":"\(trainPrecision.rawValue)","seconds":\(seconds),\
            "clips_per_second":\(8 / seconds),"peak_bytes":\(try peakBytes())}
            """)
    }

    /// The largest resident memory so far.
    func peakBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") } ?? ""
        return 1024 * (Int(line.filter(\.isNumber)) ?? 0)
    }
}
