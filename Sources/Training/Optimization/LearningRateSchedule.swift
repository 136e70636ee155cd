import Foundation

/// The learning rate of each update: linear warm-up from 0, then linear, cosine or no decay.
///
/// Source: transformers, `get_linear_schedule_with_warmup`, `get_cosine_schedule_with_warmup`,
/// `get_constant_schedule_with_warmup`.
public struct LearningRateSchedule: Sendable, Equatable {
    /// How the rate falls after the warm-up.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case linear, cosine, constant
    }

    /// How the rate falls after the warm-up.
    let kind: Kind
    /// Rate at the end of the warm-up.
    let peak: Double
    /// Updates during which the rate rises.
    let warmupSteps: Int
    /// Updates in all.
    let totalSteps: Int

    /// The schedule that `options` ask for.
    init(_ options: TrainOptions, updatesPerEpoch: Int) {
        let total = options.maxSteps > 0 ? options.maxSteps : options.epochs * updatesPerEpoch
        let warmup =
            options.warmupSteps > 0
            ? options.warmupSteps : Int((options.warmupRatio * Double(total)).rounded(.up))
        self.init(
            kind: options.lrScheduler, peak: options.learningRate, warmupSteps: warmup,
            totalSteps: total)
    }

    init(kind: Kind, peak: Double, warmupSteps: Int, totalSteps: Int) {
        self.kind = kind
        self.peak = peak
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
    }

    /// The rate of update number `step`, from 0.
    func rate(step: Int) -> Double {
        if step < warmupSteps { return peak * Double(step) / Double(max(1, warmupSteps)) }
        let progress = Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps))
        switch kind {
        case .linear: return peak * max(0, 1 - progress)
        case .cosine: return peak * max(0, 0.5 * (1 + cos(.pi * progress)))
        case .constant: return peak
        }
    }
}
