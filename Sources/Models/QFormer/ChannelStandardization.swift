import Tensors

/// Mean and deviation of each channel of the frame tokens over the training split.
///
/// They are stored among the weights and never trained.
struct ChannelStandardization: Sendable {
    private let mean: Parameter
    private let deviation: Parameter

    static let meanName = "qformer.feature_standardization.mean"
    static let deviationName = "qformer.feature_standardization.deviation"

    init(width: Int, in store: inout ParameterStore) {
        mean = store.add(Self.meanName, [width], initialValue: 0, isTrained: false)
        deviation = store.add(
            Self.deviationName, [width], initialValue: 1, isTrained: false)
    }

    /// What the products with frame tokens need of them.
    func values(_ store: ParameterStore) -> TokenView.Standardization {
        TokenView.Standardization(
            mean: Array(store.values[mean.range]),
            inverseDeviation: store.values[deviation.range].map { 1 / $0 })
    }
}
