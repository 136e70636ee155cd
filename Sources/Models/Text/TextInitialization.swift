import Foundation

/// A BERT that a new Q-Former takes its words from, and its layers if asked to.
///
/// Source: Devlin et al., BERT (2019), from which BLIP-2 and InstructBLIP start their Q-Formers,
/// too.
public struct TextInitialization: Sendable {
    /// What is taken over.
    public enum Layers: String, Sendable, Codable, CaseIterable {
        /// Word and position embeddings and their norm.
        case words
        /// Self-attention and MLPs, too, as far as there are layers.
        case all
    }

    /// The vocabulary and positions that the Q-Former must have.
    public let text: QFormerConfiguration.Text
    /// Width of the embeddings, which the Q-Former must have.
    public let width: Int
    private let directory: String
    private let weights: WeightSource
    private let prefix: String

    private static let words = "embeddings.word_embeddings.weight"
    private static let positions = "embeddings.position_embeddings.weight"
    private static let types = "embeddings.token_type_embeddings.weight"

    /// Opens a BERT in Hugging Face layout.
    /// - Throws: `ModelError.notFound` or `.pickled` if there are no weights that can be read,
    ///   `.missingTensor` if they are not a BERT's, `.invalidConfiguration`, `.malformedWeights` or
    ///   `.file`.
    public init(directory: String) throws(ModelError) {
        let files = try ModelDirectory.weightFiles(in: directory)
        let weights = WeightSource.files(try WeightFiles(files, path: directory))
        let prefix = weights.prefix(before: Self.words)
        func shape(_ name: String) throws(ModelError) -> [Int] {
            let found = files.lazy.compactMap { $0.shape(of: prefix + name) }.first
            guard let found, found.count == 2 else {
                throw .missingTensor(name: name, path: directory, expected: [0, 0])
            }
            return found
        }
        let (words, positions) = (try shape(Self.words), try shape(Self.positions))
        self.directory = directory
        self.weights = weights
        self.prefix = prefix
        width = words[1]
        text = QFormerConfiguration.Text(vocabularySize: words[0], maxPositions: positions[0])
    }

    /// Paths of its tokenizer's files; empty if it has none.
    public var tokenizerFiles: [String] { ModelDirectory.tokenizerFiles(in: directory) }

    /// The BERT's name for a parameter of the Q-Former, if it has that one.
    private func name(of parameter: String, _ layers: Layers) -> String? {
        let name = parameter.replacing("qformer.", with: "", maxReplacements: 1)
        if name == Self.words { return prefix + name }
        if name.hasPrefix("embeddings.layernorm.") {
            return prefix + name.replacing("layernorm", with: "LayerNorm")
        }
        guard layers == .all, name.hasPrefix("encoder."), !name.contains("crossattention") else {
            return nil
        }
        let own =
            prefix
            + name.replacing("attention.attention", with: "attention.self")
            .replacing("intermediate_query", with: "intermediate")
            .replacing("output_query", with: "output")
        return weights.has(own) ? own : nil
    }

    /// Replaces the values of what the BERT has; queries and cross-attention keep theirs.
    /// - Throws: as `VideoClassifier.start(from:_:)`.
    fileprivate func apply(_ layers: Layers, to store: inout ParameterStore) throws(ModelError) {
        for parameter in store.parameters {
            if let name = name(of: parameter.name, layers) {
                store.set(parameter.name, to: try weights.tensor(name, parameter.shape))
            } else if parameter.name == "qformer." + Self.positions {
                // The Q-Former has no segments; BERT adds that of the first one to every token.
                var values = try weights.tensor(prefix + Self.positions, parameter.shape)
                let types = try weights.tensor(prefix + Self.types, [2, width])
                for place in values.indices { values[place] += types[place % width] }
                store.set(parameter.name, to: values)
            }
        }
    }
}

extension VideoClassifier {
    /// Takes over what `bert` has of the text branch; some may have been taken when it throws.
    /// - Precondition: `configuration.text == bert.text`.
    /// - Throws: `ModelError.wrongShape` if the widths or the shapes of a layer differ,
    ///   `.missingTensor`, `.malformedWeights`, `.invalidValues` or `.file`.
    public mutating func start(
        from bert: TextInitialization, _ layers: TextInitialization.Layers
    ) throws(ModelError) {
        precondition(configuration.text == bert.text, "another vocabulary than the BERT's")
        try bert.apply(layers, to: &store)
    }
}
