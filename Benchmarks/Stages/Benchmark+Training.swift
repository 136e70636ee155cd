public import ArgumentParser
import Foundation
public import Models
import Recipes
import Tensors
import Training

extension TrainingPrecision: ExpressibleByArgument {}
extension FrameLayout: ExpressibleByArgument {}

/// Eight clips of 8 frames in memory, with 257 tokens of 1408, a label and perhaps a prompt each.
private struct NoiseClips: FeatureDataset {
    let tokensPerClip = 8 * 257
    let hiddenSize = 1408
    let labels = Array(0..<8)
    let keys = (0..<8).map { "clip\($0)" }
    let prompts: [String]

    /// With prompts of `promptTokens` tokens, of which the first and the last mark the ends.
    init(promptTokens: Int) {
        prompts = labels.map { _ in
            repeatElement("what", count: max(0, promptTokens - 2)).joined(separator: " ")
        }
    }

    func readFeatures(of index: Int, into values: inout MutableSpan<Float>) {
        let random = CounterRandom(seed: 1, stream: UInt64(index))
        for position in 0..<values.count {
            values[position] = random.uniform(UInt64(position)) - 0.5
        }
    }
}

extension Benchmark {
    /// Trains on batches of noise; prints the median update and memory as JSON.
    func timeTraining(_ preset: String) throws {
        keepFreedMemory()
        try trainPrecision.requireAvailable()
        try requireOpenBLAS()
        let clips = NoiseClips(promptTokens: promptTokens)
        var shape = try QFormerConfiguration.preset(
            preset, encoderHiddenSize: clips.hiddenSize, layout: trainLayout)
        if trainLayout != .joint {
            shape.frameOrder = FrameOrder(layout: trainLayout, position: .queries, numFrames: 8)
        }
        guard promptTokens == 0 || shape.text != nil else {
            throw ValidationError("\(preset) reads no prompts; take \(preset)-text.")
        }
        var options = TrainOptions()
        options.gradientAccumulation = 1
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
            if case .pass = progress { start = .now }
            if case .update = progress { times.append((.now - start) / .seconds(1)) }
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
