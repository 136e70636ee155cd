public import Models

/// What the user says about the Q-Former; what is `nil` is decided by `QFormerChoice`.
public struct QFormerOptions: Sendable, Equatable {
    /// A new Q-Former: `preset:…`.
    public var preset: String?
    /// Which frame tokens a query reads.
    public var layout: FrameLayout?
    /// Where the time of a frame is added.
    public var position: TemporalPosition?
    /// Whether channels are standardised.
    public var standardizes: Bool?
    /// Layers of a new Q-Former.
    public var numHiddenLayers: Int?
    /// Query tokens of a new Q-Former, of each frame where frames have their own.
    public var numQueryTokens: Int?
    /// Whether prompts may go unread.
    public var ignoresPrompts = false

    /// Leaves everything open.
    public init() {}
}

/// The shape of the Q-Former to train, and why it is that one.
public struct QFormerChoice: Sendable {
    /// The shape.
    public let configuration: QFormerConfiguration
    /// Whether its weights are the model's own.
    public let isPretrained: Bool
    /// A sentence that says what was chosen and why.
    public let reason: String

    /// Chooses: the Q-Former that the user names, else the model's own if it fits the tokens, else
    /// a new small one, which reads text if there are prompts.
    /// - Parameters:
    ///   - options: What the user says.
    ///   - own: The model's own Q-Former, if it has one.
    ///   - encoderWidth: Width of a frame token.
    ///   - numFrames: Frames of a clip.
    ///   - hasPrompts: Whether any question has a prompt.
    ///   - bert: Where a new Q-Former takes its words from.
    /// - Throws: `TrainingError.unreadPrompts`, `.invalidOption`; `ModelError.notFound` for an
    ///   unknown preset.
    public init(
        _ options: QFormerOptions, own: QFormerConfiguration?, encoderWidth: Int, numFrames: Int,
        hasPrompts: Bool, bert: TextInitialization? = nil
    ) throws {
        let own = own.flatMap { $0.encoderHiddenSize == encoderWidth ? $0 : nil }
        let isPretrained = options.preset == nil && own != nil
        // The attentive probe is one query over all tokens.
        let isProbe = options.preset?.hasSuffix("attentive") == true
        let layout = options.layout ?? (isPretrained || isProbe ? .joint : .frames)
        let position = options.position ?? (layout == .joint ? .none : .queries)
        guard FrameOrder.allows(position, layout) else {
            throw TrainingError.invalidOption(
                name: "--temporal-position", wanted: Self.positions(in: layout))
        }
        var shape: QFormerConfiguration
        if let own, isPretrained {
            shape = own
            try Self.refuseForPretrained(options, bert)
        } else {
            let readsText = bert != nil || (hasPrompts && !options.ignoresPrompts)
            let preset = options.preset ?? (readsText ? "preset:small-text" : "preset:small")
            shape = try .preset(preset, encoderHiddenSize: encoderWidth, layout: layout)
            try Self.shape(&shape, options, bert)
        }
        try Self.requireReading(
            shape, options, hasPrompts: hasPrompts, isPretrained: isPretrained)
        if layout != .joint || position != .none {
            shape.frameOrder = FrameOrder(
                layout: layout, position: position, numFrames: numFrames)
        }
        if options.standardizes ?? !isPretrained { shape.standardization = .channel }
        configuration = shape
        self.isPretrained = isPretrained
        reason = Self.sentence(
            shape, isPretrained: isPretrained, isProbe: isProbe,
            isLayoutGiven: options.layout != nil)
    }

    private static func positions(in layout: FrameLayout) -> String {
        let allowed = TemporalPosition.allCases.filter { FrameOrder.allows($0, layout) }
        return allowed.map(\.rawValue).joined(separator: " or ") + " with --layout \(layout)"
    }

    private static func refuseForPretrained(
        _ options: QFormerOptions, _ bert: TextInitialization?
    ) throws(TrainingError) {
        let wanted = "given with a new Q-Former (--qformer preset:…); the model's own has its shape"
        if bert != nil { throw .invalidOption(name: "--text-init", wanted: wanted) }
        if options.numHiddenLayers != nil {
            throw .invalidOption(name: "--num-hidden-layers", wanted: wanted)
        }
        if options.numQueryTokens != nil {
            throw .invalidOption(name: "--num-query-tokens", wanted: wanted)
        }
    }

    /// Applies the user's options and the vocabulary of the BERT to a preset.
    private static func shape(
        _ shape: inout QFormerConfiguration, _ options: QFormerOptions, _ bert: TextInitialization?
    ) throws(TrainingError) {
        if let layers = options.numHiddenLayers {
            guard 1...256 ~= layers else {
                throw .invalidOption(name: "--num-hidden-layers", wanted: "from 1 to 256")
            }
            shape.numHiddenLayers = layers
        }
        if let queries = options.numQueryTokens {
            guard 1...1024 ~= queries else {
                throw .invalidOption(name: "--num-query-tokens", wanted: "from 1 to 1024")
            }
            shape.numQueryTokens = queries
        }
        guard let bert else { return }
        guard shape.text != nil else {
            throw .invalidOption(
                name: "--text-init",
                wanted: "given with a Q-Former that reads text, such as preset:small-text")
        }
        guard bert.width == shape.hiddenSize else {
            throw .invalidOption(
                name: "--text-init",
                wanted: "a BERT \(shape.hiddenSize) wide, as the Q-Former is, not \(bert.width); "
                    + "preset:small-text is 384 wide, preset:base-text 768")
        }
        shape.text = bert.text
    }

    private static func requireReading(
        _ shape: QFormerConfiguration, _ options: QFormerOptions, hasPrompts: Bool,
        isPretrained: Bool
    ) throws(TrainingError) {
        if shape.text != nil, options.ignoresPrompts {
            throw .invalidOption(
                name: "--ignore-prompts", wanted: "left out: this Q-Former reads prompts")
        }
        guard hasPrompts, shape.text == nil, !options.ignoresPrompts else { return }
        throw .unreadPrompts(isPretrained: isPretrained)
    }

    private static func sentence(
        _ shape: QFormerConfiguration, isPretrained: Bool, isProbe: Bool, isLayoutGiven: Bool
    ) -> String {
        let order =
            switch shape.layout {
            case .joint where shape.position == .none:
                "one sequence of all frames, blind to their order"
            case .joint: "one sequence of all frames, with their times"
            case .frames: "queries of their own for each frame, read in order"
            case .bound: "queries of their own for each frame, which attend to each other"
            }
        let why =
            isLayoutGiven
            ? "as asked"
            : isPretrained
                ? "since the model's own Q-Former is used as it is"
                : isProbe
                    ? "since an attentive probe has one query for the whole clip"
                    : "since a new Q-Former learns the order of frames best this way"
        let standardized = shape.standardization == nil ? "" : "; channels are standardised"
        return "Layout \(shape.layout.rawValue) (\(order)), \(why)\(standardized)."
    }
}
