public import Files
public import Recipes

/// The content of `dataset.json`: what a dataset is, what it holds and how it was made.
public struct DatasetDescription: Sendable, Codable, Equatable {
    /// What every sample holds: a clip's pixels, or the frozen encoder's features of it.
    public enum Kind: String, Sendable, Codable {
        /// Arrays (C, T, H, W).
        case pixels
        /// Arrays (T, L, D), float16.
        case features
    }

    /// How clips were divided into splits and shards.
    public struct Division: Sendable, Codable, Equatable {
        /// Shares of train, validation and test, which add up to 1, among rows that name no split.
        public let fractions: [Double]
        /// Seed of the split assignment.
        public let seed: UInt64
        /// Mean number of clips of a shard, at most.
        public let shardClips: Int

        /// Creates the division from its parts.
        public init(fractions: [Double], seed: UInt64, shardClips: Int) {
            self.fractions = fractions
            self.seed = seed
            self.shardClips = shardClips
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

        /// Creates the normalisation from its parts.
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

        /// Creates the array's description from its parts.
        public init(member: String, elementType: ElementType, shape: [Int], layout: String) {
            self.member = member
            self.elementType = elementType
            self.shape = shape
            self.layout = layout
        }
    }

    /// One tar of the dataset.
    public struct Shard: Sendable, Codable, Equatable {
        /// File name without extension, such as `train-00000`.
        public let name: String
        /// Split of all its clips.
        public let split: Split
        /// Clips stored in it.
        public let clips: Int
        /// Size of the tar in bytes.
        public let bytes: Int
        /// sha256 of the tar, in hex.
        public let sha256: String

        /// The entry of the shard that `sidecar` describes.
        public init(name: String, split: Split, sidecar: ShardSidecar) {
            self.name = name
            self.split = split
            clips = sidecar.samples.count
            bytes = sidecar.bytes
            sha256 = sidecar.sha256
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

    /// What a user of the splits has to know.
    public struct SplitRemarks: Sendable, Codable, Equatable {
        /// Groups (sources, where there is no column `group`) whose rows the manifest puts into
        /// several splits.
        public var straddlingGroups = 0
        /// Some of them.
        public var straddlingExamples: [String] = []
        /// Classes with fewer than three groups to divide.
        public var smallClasses = 0
        /// Some of them.
        public var smallClassExamples: [String] = []

        /// Nothing to remark.
        public init() {}
    }

    /// `ShardFormat.version` of the program that wrote the dataset.
    public let formatVersion: Int
    /// What every sample holds.
    public let kind: Kind
    /// How clips become pixels.
    public let clipRecipe: ClipRecipe
    /// How pixels become features; `nil` for pixels.
    public let featureRecipe: FeatureRecipe?
    /// Name of the encoder: its directory's last path component, `owner/name` or `preset:…`.
    public let model: String?
    /// How clips were divided into splits and shards.
    public let division: Division
    /// What to know of the splits.
    public let splitRemarks: SplitRemarks
    /// How uint8 pixels become the model's input.
    public let normalization: Normalization
    /// The array that every sample holds.
    public let array: Array
    /// The possible answers of each task, in the order of the tasks' names.
    public let tasks: [AnswerSet]
    /// The tars that hold clips, split by split.
    public let shards: [Shard]
    /// Clips stored per split.
    public let splits: [String: Int]
    /// What became of the manifest's rows.
    public let accounting: Accounting
    /// `contentHash` of the pixel dataset that features were made from; `nil` for pixels.
    public let parentHash: String?
    /// sha256 over the names and hashes of all shards and the questions, in hex.
    public let contentHash: String
    /// sha256, in hex, of other files of the dataset by path: sidecars, questions, manifest, lists.
    public let files: [String: String]
    /// sha256 of this description with an empty string in this place, in hex.
    public private(set) var sha256: String

    /// Describes a dataset of this format version; `splits` and `contentHash` follow from the rest.
    /// - Throws: `FileError.encoding` if a number is not finite.
    public init(
        kind: Kind, clipRecipe: ClipRecipe, featureRecipe: FeatureRecipe? = nil,
        model: String? = nil, division: Division, splitRemarks: SplitRemarks,
        normalization: Normalization, array: Array, tasks: [AnswerSet], shards: [Shard],
        accounting: Accounting, parentHash: String? = nil, files: [String: String]
    ) throws(FileError) {
        formatVersion = ShardFormat.version
        self.kind = kind
        self.clipRecipe = clipRecipe
        self.featureRecipe = featureRecipe
        self.model = model
        self.division = division
        self.splitRemarks = splitRemarks
        self.normalization = normalization
        self.array = array
        self.tasks = tasks
        self.shards = shards
        splits = Dictionary(shards.map { ($0.split.rawValue, $0.clips) }, uniquingKeysWith: +)
        self.accounting = accounting
        self.parentHash = parentHash
        let hashed = shards.map { "\($0.name) \($0.sha256)\n" }.joined()
        contentHash = sha256Hex(
            [UInt8]((hashed + (files[ShardFormat.questionsName] ?? "")).utf8))
        self.files = files
        sha256 = ""
        sha256 = try sha256Hex(canonicalJSON(self))
    }

    /// Whether `bytes` are this description as it was published, to the last one.
    /// - Throws: `FileError.encoding` if a number is not finite.
    public func isIntact(as bytes: [UInt8]) throws(FileError) -> Bool {
        var blank = self
        blank.sha256 = ""
        let hash = sha256Hex(try canonicalJSON(blank))
        let published = try canonicalJSON(self)
        return published == bytes && hash == sha256
    }

    /// Clips stored in all shards.
    public var numClips: Int { shards.reduce(0) { $0 + $1.clips } }

    /// Whether its sizes are plausible: none is negative or absurdly large.
    var isPlausible: Bool {
        let extents = array.shape
        var counts = [accounting.rows, accounting.stored, accounting.quarantined]
        counts += shards.flatMap { [$0.clips, $0.bytes] }
        counts += splits.values
        counts += accounting.reasons.values
        counts += [splitRemarks.straddlingGroups, splitRemarks.smallClasses]
        return counts.allSatisfy { $0 >= 0 } && counts.reduce(0.0, { $0 + Double($1) }) <= 0x1p62
            && !extents.isEmpty && extents.allSatisfy { 1...1 << 20 ~= $0 }
            && extents.reduce(1.0, { $0 * Double($1) }) <= 0x1p40 && clipRecipe.isPlausible
            && division.fractions.count == 3
            && division.shardClips > 0
    }
}
