/// Mean and deviation of each channel over all frame tokens of a split's clips.
///
/// Every clip counts once, however many questions there are about it, and is read once. Sums are
/// Float64, merged in the order of the clips, so the bits do not depend on the number of threads.
/// Source: Chan, Golub, LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample
/// Variances (1979).
public struct ChannelStatistics: Sendable {
    /// Mean of each channel, Float32 (D).
    public let mean: [Float]
    /// Deviation of each channel, Float32 (D), more than 0: 1 for channels that never vary.
    public let deviation: [Float]

    /// Measures the clips of `questions`, of which there is at least one; `nil` if it was stopped.
    /// - Parameters:
    ///   - questions: Those of the training split.
    ///   - progress: Told the share that is done, from 0 to 1; returns whether to stop.
    /// - Throws: What reading features throws.
    public init?(
        of questions: some FeatureDataset, progress: (Double) -> Bool = { _ in false }
    ) throws {
        let width = questions.hiddenSize
        var sum = Moments(width: width)
        let isDone = try questions.forEachClip(
            of: questions.firstQuestions, progress: progress, make: { Moments($0, width: width) },
            use: { sum.merge($0) })
        guard isDone else { return nil }
        mean = sum.mean.map { Float($0) }
        deviation = sum.squares.map { squares in
            let deviation = Float((squares / sum.count).squareRoot())
            return deviation > 0 ? deviation : 1
        }
    }
}

/// Count, mean and sum of squared differences from the mean, of each channel.
private struct Moments: Sendable {
    var count = 0.0
    var mean: [Double]
    var squares: [Double]

    init(width: Int) {
        mean = [Double](repeating: 0, count: width)
        squares = mean
    }

    /// Those of one clip, Float32 (tokens, width).
    init(_ values: [Float], width: Int) {
        self.init(width: width)
        let numTokens = values.count / width
        count = Double(numTokens)
        for token in 0..<numTokens {
            for channel in 0..<width { mean[channel] += Double(values[token * width + channel]) }
        }
        for channel in 0..<width { mean[channel] /= count }
        for token in 0..<numTokens {
            for channel in 0..<width {
                let difference = Double(values[token * width + channel]) - mean[channel]
                squares[channel] += difference * difference
            }
        }
    }

    mutating func merge(_ other: Moments) {
        let total = count + other.count
        for channel in mean.indices {
            let difference = other.mean[channel] - mean[channel]
            mean[channel] += difference * other.count / total
            squares[channel] +=
                other.squares[channel] + difference * difference * count * other.count / total
        }
        count = total
    }
}
