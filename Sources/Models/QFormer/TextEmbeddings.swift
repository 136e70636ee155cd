import Tensors

/// Word and position embeddings of the prompts.
///
/// Source: transformers, `InstructBlipQFormerEmbeddings`; the padding token has no gradient.
struct TextEmbeddings: Sendable {
    private let words: Parameter
    private let positions: Parameter
    private let width: Int

    private static let paddingToken = 0

    init(
        _ text: QFormerConfiguration.Text, prefix: String, width: Int,
        in store: inout ParameterStore
    ) {
        self.width = width
        words = store.add(
            prefix + "word_embeddings.weight", [text.vocabularySize, width])
        positions = store.add(
            prefix + "position_embeddings.weight", [text.maxPositions, width])
    }

    /// Embeds the prompts, each padded to `length` tokens: Float32 (B·length, width).
    func forward(_ prompts: [[Int]], length: Int, _ store: ParameterStore) -> [Float] {
        var rows: [Float] = []
        rows.reserveCapacity(prompts.count * length * width)
        for prompt in prompts {
            for position in 0..<length {
                let token = position < prompt.count ? prompt[position] : Self.paddingToken
                let word = words.range.lowerBound + token * width
                let place = positions.range.lowerBound + position * width
                for column in 0..<width {
                    rows.append(store.values[word + column] + store.values[place + column])
                }
            }
        }
        return rows
    }

    /// Adds the gradients, given those of the rows, Float32 (B·length, width).
    func backward(
        _ prompts: [[Int]], length: Int, gradient: [Float], _ store: inout ParameterStore
    ) {
        for (clip, prompt) in prompts.enumerated() {
            for (position, token) in prompt.enumerated() {
                let row = (clip * length + position) * width
                let word = words.range.lowerBound + token * width
                let place = positions.range.lowerBound + position * width
                for column in 0..<width {
                    let slope = gradient[row + column]
                    store.gradients[place + column] += slope
                    if token != Self.paddingToken { store.gradients[word + column] += slope }
                }
            }
        }
    }
}
