public import ArgumentParser
import CommandSupport
public import Models
import Training

/// What the user says about the Q-Former on the command line.
///
/// What is not given comes from the YAML file.
struct QFormerArguments: ParsableArguments {
    @Option(
        help: """
            New Q-Former: preset:small or preset:base, or preset:small-text or preset:base-text, which read \
            prompts; attentive: a probe of one query and one block (default: the model's own, else small, \
            with text if questions have prompts).
            """)
    var qformer: String?

    @Option(
        help: """
            joint: queries read all frames in one sequence, blind to their order; frames: each frame has \
            queries of its own, which read that frame and the prompt; bound: the same, and all queries \
            attend to each other (default: joint for the model's own Q-Former, else frames).
            """)
    var layout: FrameLayout?

    @Option(
        help: """
            Where the time of a frame, in seconds, is added: none, tokens (joint), queries or outputs \
            (frames, bound) (default: none for joint, else queries).
            """)
    var temporalPosition: TemporalPosition?

    @Option(
        help: """
            channel: each channel of the frame tokens minus its mean, over its deviation, both of the \
            training split; or none (default: none for the model's own Q-Former, else channel).
            """)
    var standardize: Standardize?

    @Option(
        help:
            "Query tokens of a new Q-Former, per frame except with joint (default: small 8, joint 16; base 4, joint 32)."
    )
    var numQueryTokens: Int?

    @Option(help: "Layers of a new Q-Former (default: small 2, joint 6; base 12).")
    var numHiddenLayers: Int?

    @Option(
        help: """
            Directory of a BERT as wide as the new Q-Former, whose words and vocabulary it takes (default: \
            random words, the vocabulary of bert-base-uncased).
            """)
    var textInit: String?

    @Option(
        help: """
            What is taken from it: words (the embeddings) or all (self-attention and MLPs as well, which \
            learned more slowly in our measurements) (default: words).
            """)
    var textInitLayers: TextInitialization.Layers?

    @Flag(help: "Train without the questions' prompts on a Q-Former that cannot read them.")
    var ignorePrompts = false

    enum Standardize: String, ExpressibleByArgument, CaseIterable { case none, channel }

    /// What is to be decided, and the BERT to begin with.
    func resolved(with file: OptionsFile) throws -> (options: QFormerOptions, bert: BERT?) {
        var options = QFormerOptions()
        options.preset = try qformer ?? file.string("qformer")
        let filedLayout = try file.value("layout", FrameLayout.init(rawValue:))
        options.layout = layout ?? filedLayout
        let filedPosition = try file.value(
            "temporal-position", TemporalPosition.init(rawValue:))
        options.position = temporalPosition ?? filedPosition
        let filedStandardize = try file.value("standardize", Standardize.init(rawValue:))
        options.standardizes = (standardize ?? filedStandardize).map { $0 == .channel }
        options.numQueryTokens = try file.value("num-query-tokens") { Int($0) }
        options.numQueryTokens = numQueryTokens ?? options.numQueryTokens
        options.numHiddenLayers = try file.value("num-hidden-layers") { Int($0) }
        options.numHiddenLayers = numHiddenLayers ?? options.numHiddenLayers
        let filedIgnore = try file.value("ignore-prompts") { Bool($0) }
        options.ignoresPrompts = ignorePrompts || filedIgnore == true
        let filedLayers = try file.value(
            "text-init-layers", TextInitialization.Layers.init(rawValue:))
        guard let directory = try textInit ?? file.string("text-init") else {
            guard textInitLayers == nil, filedLayers == nil else {
                throw ValidationError("--text-init-layers needs --text-init DIR.")
            }
            return (options, nil)
        }
        try requireNotEmpty(["--text-init": directory])
        return (
            options,
            BERT(
                directory: directory, layers: textInitLayers ?? filedLayers ?? .words,
                weights: try TextInitialization(directory: directory))
        )
    }

    /// A BERT whose text branch a new Q-Former takes over.
    struct BERT {
        let directory: String
        let layers: TextInitialization.Layers
        let weights: TextInitialization
    }
}

extension FrameLayout: ExpressibleByArgument {}
extension TemporalPosition: ExpressibleByArgument {}
extension TextInitialization.Layers: ExpressibleByArgument {}
