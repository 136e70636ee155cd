/// Which frame tokens a query token reads, and which rows it attends to.
public enum FrameLayout: String, Sendable, Codable, CaseIterable {
    /// The tokens of all frames in one sequence, as in BLIP-2's use for video.
    case joint
    /// Those of one frame. The queries of a frame attend to each other and to the prompt, the
    /// prompt to itself alone, so it is computed once for all frames.
    ///
    /// Source: transformers, `InstructBlipVideoForConditionalGeneration`, one pass a frame, with
    /// the prompt taken out of the passes.
    case frames
    /// Those of one frame. All queries of the clip and its prompt attend to each other.
    case bound
}

/// Where a vector that says when a frame was shown is added.
public enum TemporalPosition: String, Sendable, Codable, CaseIterable {
    /// Nowhere.
    case none
    /// To the frame tokens that a joint layout reads.
    case tokens
    /// To the queries of each frame.
    case queries
    /// To the outputs of the queries of each frame.
    case outputs
}

/// How a Q-Former keeps the frames of a clip apart and in order.
public struct FrameOrder: Sendable, Codable, Equatable {
    /// Which frame tokens a query reads.
    public let layout: FrameLayout
    /// Where the time of a frame is added.
    public let position: TemporalPosition
    /// Frames of a clip, T.
    public let numFrames: Int

    /// Creates the order from its parts.
    /// - Precondition: `allows(position, layout)`, and at least one frame.
    public init(layout: FrameLayout, position: TemporalPosition, numFrames: Int) {
        precondition(Self.allows(position, layout) && numFrames > 0, "\(position) in \(layout)")
        self.layout = layout
        self.position = position
        self.numFrames = numFrames
    }

    /// Whether a time can be added there in that layout.
    ///
    /// Among the tokens of one frame a common vector would change no attention; queries and outputs
    /// of a joint layout belong to no frame.
    public static func allows(_ position: TemporalPosition, _ layout: FrameLayout) -> Bool {
        switch position {
        case .none: true
        case .tokens: layout == .joint
        case .queries, .outputs: layout != .joint
        }
    }
}

extension QFormerConfiguration {
    /// Which frame tokens a query reads.
    public var layout: FrameLayout { frameOrder?.layout ?? .joint }

    /// Where the time of a frame is added.
    public var position: TemporalPosition { frameOrder?.position ?? .none }

    /// Sequences of frame tokens that a clip has: its frames where a query reads one, else 1.
    var sequencesPerClip: Int { layout == .joint ? 1 : frameOrder?.numFrames ?? 1 }
}
