/// The content of `dataset.json`: what a dataset is, what it holds and how it was made.
public struct DatasetDescription: Sendable, Codable, Equatable {
    /// What every sample holds: a clip's pixels, or the frozen encoder's features of it.
    public enum Kind: String, Sendable, Codable {
        /// Arrays (C, T, H, W).
        case pixels
        /// Arrays (T, L, D), float16.
        case features
    }

    /// The choices that decide the pixels of every clip.
    public struct Settings: Sendable, Codable, Equatable {
        /// Frames per clip, T.
        public var numFrames: Int
        /// Height and width of the resized picture in pixels.
        public var imageSize: Int
        /// Which T frames of a clip are taken: `linspace`, `floor` or `middle`.
        public var sampling: String
        /// Element type of the stored pixels; uint8 before normalisation, floats after it.
        public var store: ElementType
        /// Whether frames are turned upright as the file's display matrix says.
        public var autorotate: Bool
        /// Clips per shard; the last shard of a split may hold fewer.
        public var shardClips: Int
        /// Shares of train, validation and test, which add up to 1.
        public var splitFractions: [Double]
        /// Seed of the split assignment.
        public var seed: UInt64
        /// zstd's compression level, 1…19.
        public var zstdLevel: Int
        /// Pillow's number of the resample filter; 3 is bicubic.
        public var resample: Int
        /// Whether clips of damaged videos are stored; their receipts say so.
        public var keepsDamaged: Bool

        /// Creates the settings from their parts; every property says what it holds.
        public init(
            numFrames: Int, imageSize: Int, sampling: String, store: ElementType, autorotate: Bool,
            shardClips: Int, splitFractions: [Double], seed: UInt64, zstdLevel: Int, resample: Int,
            keepsDamaged: Bool
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
            self.keepsDamaged = keepsDamaged
        }
    }

    /// How readers of uint8 pixels get the model's input, per channel.
    ///
    /// `(x * rescaleFactor - imageMean) / imageStd`.
    public struct Normalization: Sendable, Codable, Equatable {
        /// Mean of each channel, red, green and blue, of pixels scaled by `rescaleFactor`.
        public let imageMean: [Float]
        /// Standard deviation of each channel, in the same scale.
        public let imageStd: [Float]
        /// Factor that brings 0…255 to 0…1: 1/255 for BLIP.
        public let rescaleFactor: Double

        /// Creates the normalisation from its parts; every property says what it holds.
        public init(imageMean: [Float], imageStd: [Float], rescaleFactor: Double) {
            self.imageMean = imageMean
            self.imageStd = imageStd
            self.rescaleFactor = rescaleFactor
        }
    }

    /// The array that every sample holds.
    public struct Array: Sendable, Codable, Equatable {
        /// Member name without the key, such as `pixel_values.npy.zst`.
        public let member: String
        /// Element type of the stored array.
        public let elementType: ElementType
        /// Extents, (C, T, H, W) for pixels, (T, L, D) for features.
        public let shape: [Int]
        /// The dimension letters of `shape`, such as `C,T,H,W`.
        public let layout: String

        /// Creates the array's description from its parts; every property says what it holds.
        public init(member: String, elementType: ElementType, shape: [Int], layout: String) {
            self.member = member
            self.elementType = elementType
            self.shape = shape
            self.layout = layout
        }
    }

    /// The frozen encoder that made a feature dataset.
    public struct Encoder: Sendable, Codable, Equatable {
        /// Name of the model: its directory's last path component, `owner/name` or `preset:…`.
        public let model: String
        /// sha256 over the encoder's configuration and weights, in hex.
        public let modelHash: String
        /// Numbers in which the encoder multiplied: `float32`, `bfloat16` or `int8`.
        public let precision: String
        /// Blocks that int8 would have hurt, computed in bfloat16; `nil` if there are none.
        public let bfloat16Blocks: [Int]?
        /// Tokens kept of each frame: `all`, `cls` or `pool2`.
        public let tokens: String
        /// `contentHash` of the pixel dataset.
        public let parentHash: String

        /// Creates the provenance from its parts; every property says what it holds.
        public init(
            model: String, modelHash: String, precision: String, bfloat16Blocks: [Int] = [],
            tokens: String, parentHash: String
        ) {
            self.model = model
            self.modelHash = modelHash
            self.precision = precision
            self.bfloat16Blocks = bfloat16Blocks.isEmpty ? nil : bfloat16Blocks
            self.tokens = tokens
            self.parentHash = parentHash
        }
    }

    /// One tar of the dataset.
    public struct Shard: Sendable, Codable, Equatable {
        /// File name without extension, such as `train-00000`.
        public let name: String
        /// Split of all its clips: `train`, `validation` or `test`.
        public let split: String
        /// Clips stored in it.
        public let clips: Int
        /// Size of the tar in bytes.
        public let bytes: Int
        /// sha256 of the tar, in hex.
        public let sha256: String

        /// Creates the entry from its parts; every property says what it holds.
        public init(name: String, split: String, clips: Int, bytes: Int, sha256: String) {
            self.name = name
            self.split = split
            self.clips = clips
            self.bytes = bytes
            self.sha256 = sha256
        }
    }

    /// What became of the manifest's rows: rows = stored + quarantined.
    public struct Accounting: Sendable, Codable, Equatable {
        /// Rows of the manifest.
        public let rows: Int
        /// Rows whose clip is in a shard.
        public let stored: Int
        /// Rows that are in `quarantine.csv` instead.
        public let quarantined: Int
        /// How many rows were quarantined for each reason.
        public let reasons: [String: Int]

        /// Takes the sum of `reasons` as the number of rows that were quarantined.
        public init(rows: Int, stored: Int, reasons: [String: Int]) {
            self.rows = rows
            self.stored = stored
            self.reasons = reasons
            quarantined = reasons.values.reduce(0, +)
        }
    }

    /// `ShardFormat.version` of the program that wrote the dataset.
    public let formatVersion: Int
    /// What every sample holds.
    public let kind: Kind
    /// The choices that decide the pixels of every clip.
    public let settings: Settings
    /// How uint8 pixels become the model's input.
    public let normalization: Normalization
    /// The array that every sample holds.
    public let array: Array
    /// Class names by class index.
    public let classes: [String]
    /// The tars that hold clips, split by split.
    public let shards: [Shard]
    /// Clips stored per split.
    public let splits: [String: Int]
    /// What became of the manifest's rows.
    public let accounting: Accounting
    /// The encoder that made the features; `nil` for pixels.
    public let encoder: Encoder?
    /// sha256 over the names and hashes of all shards, in hex.
    public let contentHash: String
    /// sha256 of every other file of the dataset by its path, in hex: sidecars, manifest, quarantine.
    public let files: [String: String]
    /// sha256 of this description with an empty string in this place, in hex.
    public private(set) var sha256: String

    /// Describes a dataset of this format version; `splits` and `contentHash` follow from `shards`.
    public init(
        kind: Kind, settings: Settings, normalization: Normalization, array: Array,
        classes: [String], shards: [Shard], accounting: Accounting, encoder: Encoder?,
        files: [String: String]
    ) throws(ShardError) {
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
        self.files = files
        sha256 = ""
        sha256 = try sha256Hex(canonicalJSON(self))
    }

    /// Whether `bytes` are this description as it was published, to the last one.
    public func isIntact(as bytes: [UInt8]) throws(ShardError) -> Bool {
        var blank = self
        blank.sha256 = ""
        let hash = sha256Hex(try canonicalJSON(blank))
        let published = try canonicalJSON(self)
        return published == bytes && hash == sha256
    }

    /// Whether its sizes can be computed with: none is 0, negative or beyond all use.
    var isPlausible: Bool {
        let extents = array.shape
        return !extents.isEmpty && extents.allSatisfy { 1...1 << 20 ~= $0 }
            && extents.reduce(1.0, { $0 * Double($1) }) <= 0x1p40
            && 1...1 << 16 ~= settings.numFrames && 1...1 << 14 ~= settings.imageSize
            && 1...22 ~= settings.zstdLevel && shards.allSatisfy { $0.clips >= 0 }
    }
}
