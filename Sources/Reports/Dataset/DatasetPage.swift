/// What a dataset's page shows; `Templates/dataset.js` draws it.
struct DatasetPage: Encodable {
    /// Name of the dataset; empty for that of the folder in which the page is opened.
    var name: String
    /// How clips became arrays, in one line.
    var lead: String
    /// What it holds, a sentence each, the most important first.
    var summary: [String]
    /// What to know before it is used.
    var warnings: [String]
    /// The splits that have questions.
    var splits: [String]
    var tasks: [Task]
    /// How many clips have each codec, size and length.
    var distributions: [Distribution]
    /// All clips, or a selection of `maxClips`.
    var clips: [Clip] = []
    /// What the page leaves out; empty if nothing.
    var note = ""
    var quarantine: [Row] = []
    var duplicates: [Pair] = []
    /// Pairs that `near-duplicates.csv` lists.
    var duplicatesInAll = 0
    /// Clip, and its place by its features in two dimensions.
    var map: [[Double]] = []

    struct Task: Encodable {
        var name: String
        var classes: [Class]
    }

    struct Class: Encodable {
        var name: String
        /// Questions in each of `splits`.
        var counts: [Int]
        /// Different videos.
        var sources: Int
    }

    struct Distribution: Encodable {
        var title: String
        var bars: [Bar]
    }

    struct Bar: Encodable, Equatable {
        var name: String
        var count: Int
    }

    struct Clip: Encodable {
        var key: String
        var video: String
        /// Which part of the video it is; empty for the whole.
        var window: String
        var split: String
        /// Task and class of each different question.
        var answers: [[Int]]
        var codec: String
        /// Width and height of the video.
        var size: String
        /// Frames of the clip in the video.
        var numFrames: Int
        /// What is wrong with it; empty for a good clip.
        var damage: String
        /// Some of its frames side by side as a `data:` URL.
        var strip: String?
        /// Frames in `strip`.
        var frames = 0
    }

    struct Row: Encodable {
        var video: String
        var label: String
        var reason: String
        var detail: String
    }

    struct Pair: Encodable {
        var why: String
        var first: Side
        var second: Side
    }

    /// A clip of the page by its index, or the video of another one.
    enum Side: Encodable {
        case shown(Int)
        case video(String)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .shown(let index): try container.encode(index)
            case .video(let path): try container.encode(path)
            }
        }
    }
}
