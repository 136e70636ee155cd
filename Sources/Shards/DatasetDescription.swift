/// The content of `dataset.json`: what a dataset is, what it holds and how it was made.
public struct DatasetDescription: Sendable, Codable, Equatable {
    public enum Kind: String, Sendable, Codable {
        case pixels, features
    }

    /// The choices that decide the pixels of every clip.
    public struct Settings: Sendable, Codable, Equatable {
        /// Frames per clip, T.
        public var numFrames: Int
        /// Height and width of the resized picture.
        public var imageSize: Int
        public var sampling: String
        public var store: ElementType
        public var autorotate: Bool
        public var shardClips: Int
        public var splitFractions: [Double]
        public var seed: UInt64
        public var zstdLevel: Int
        /// Pillow's number of the resample filter; 3 is bicubic.
        public var resample: Int

        public init(
            numFrames: Int, imageSize: Int, sampling: String, store: ElementType, autorotate: Bool,
            shardClips: Int, splitFractions: [Double], seed: UInt64, zstdLevel: Int, resample: Int
        ) {
            self.numFrames = numFrames
            self.imageSize = imageSize
            self.sampling = sampling
            self.store = store
            self.autorotate = autorotate
            self.shardClips = shardClips
            self.splitFractions = splitFractions
            self.seed = seed
            self.zstdLevel = zstdLevel
            self.resample = resample
        }
    }

    /// How readers of uint8 pixels get the model's input: `(x * rescaleFactor - mean) / std` per channel.
    public struct Normalization: Sendable, Codable, Equatable {
        public let imageMean: [Float]
        public let imageStd: [Float]
        public let rescaleFactor: Double

        public init(imageMean: [Float], imageStd: [Float], rescaleFactor: Double) {
            self.imageMean = imageMean
            self.imageStd = imageStd
            self.rescaleFactor = rescaleFactor
        }
    }

    /// The array that every sample holds.
    public struct Array: Sendable, Codable, Equatable {
        /// Member name without the key.
        public let member: String
        public let elementType: ElementType
        public let shape: [Int]
        /// The dimension letters of `shape`, such as `C,T,H,W`.
        public let layout: String

        public init(member: String, elementType: ElementType, shape: [Int], layout: String) {
            self.member = member
            self.elementType = elementType
            self.shape = shape
            self.layout = layout
        }
    }

    /// The frozen encoder that made a feature dataset.
    public struct Encoder: Sendable, Codable, Equatable {
        public let model: String
        public let modelHash: String
        public let precision: String
        /// `contentHash` of the pixel dataset.
        public let parentHash: String

        public init(model: String, modelHash: String, precision: String, parentHash: String) {
            self.model = model
            self.modelHash = modelHash
            self.precision = precision
            self.parentHash = parentHash
        }
    }

    public struct Shard: Sendable, Codable, Equatable {
        /// File name without extension.
        public let name: String
        public let split: String
        public let clips: Int
        public let bytes: Int
        public let sha256: String

        public init(name: String, split: String, clips: Int, bytes: Int, sha256: String) {
            self.name = name
            self.split = split
            self.clips = clips
            self.bytes = bytes
            self.sha256 = sha256
        }
    }

    /// Rows in = rows stored + rows quarantined.
    public struct Accounting: Sendable, Codable, Equatable {
        public let rows: Int
        public let stored: Int
        public let quarantined: Int
        /// How many rows were quarantined for each reason.
        public let reasons: [String: Int]

        public init(rows: Int, stored: Int, reasons: [String: Int]) {
            self.rows = rows
            self.stored = stored
            self.reasons = reasons
            quarantined = reasons.values.reduce(0, +)
        }
    }

    public let formatVersion: Int
    public let kind: Kind
    public let settings: Settings
    public let normalization: Normalization
    public let array: Array
    public let classes: [String]
    public let shards: [Shard]
    /// Clips stored per split.
    public let splits: [String: Int]
    public let accounting: Accounting
    public let encoder: Encoder?
    /// sha256 over the names and hashes of all shards.
    public let contentHash: String

    public init(
        kind: Kind, settings: Settings, normalization: Normalization, array: Array,
        classes: [String], shards: [Shard], accounting: Accounting, encoder: Encoder?
    ) {
        formatVersion = ShardFormat.version
        self.kind = kind
        self.settings = settings
        self.normalization = normalization
        self.array = array
        self.classes = classes
        self.shards = shards
        splits = Dictionary(shards.map { ($0.split, $0.clips) }, uniquingKeysWith: +)
        self.accounting = accounting
        self.encoder = encoder
        let hashed = shards.map { "\($0.name) \($0.sha256)\n" }.joined()
        contentHash = sha256Hex([UInt8](hashed.utf8))
    }
}
