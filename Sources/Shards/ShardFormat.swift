internal import Crypto
import Foundation

/// Names and versions of what is on disk; `ShardFormat.md` is the specification.
public enum ShardFormat {
    /// Version of the format, which grows with every change of any byte.
    public static let version = 1
    /// File that describes the dataset, written last.
    public static let descriptionName = "dataset.json"
    /// File of the rows that are not stored; itself a manifest.
    public static let quarantineName = "quarantine.csv"
    /// Name of the copy of the manifest that the dataset was built from.
    public static let manifestName = "manifest.csv"
    /// Name of the list of clips that look alike though their splits or labels differ.
    public static let nearDuplicatesName = "near-duplicates.csv"
    /// File of the last build's timings, the only one that differs between equal builds.
    public static let reportName = "build-report.json"
    /// Folder of the tars and their sidecars.
    public static let shardFolder = "shards"

    /// The member that holds a clip's pixels, (C, T, H, W).
    public static let pixelMember = "pixel_values.npy.zst"
    /// The member that holds a clip's features, (T, L, D).
    public static let featureMember = "features.npy.zst"
    /// The member that holds the class index as text.
    public static let classMember = "cls"
    /// The member that holds what is known about the clip.
    public static let metadataMember = "json"

    /// Name of shard number `index`, from 0, of `split`, without extension: `train-00000`.
    public static func shardName(split: String, index: Int) -> String {
        let digits = String(index)
        return "\(split)-\(String(repeating: "0", count: max(0, 5 - digits.count)))\(digits)"
    }
}

/// One file of a sample, ready to be stored.
public struct SampleMember: Sendable {
    /// What follows the key and a dot in the member's name.
    public let name: String
    /// Bytes as they are stored, compressed or not.
    public let bytes: [UInt8]
    /// Size in bytes after decompression; `bytes.count` for members that are not compressed.
    public let uncompressedCount: Int

    /// Makes a member that is stored as it is, such as `cls`.
    public init(name: String, bytes: [UInt8]) {
        self.init(name: name, bytes: bytes, uncompressedCount: bytes.count)
    }

    /// A member that is compressed already.
    public init(name: String, bytes: [UInt8], uncompressedCount: Int) {
        self.name = name
        self.bytes = bytes
        self.uncompressedCount = uncompressedCount
    }

    /// Makes a member of an array's `.npy` file as one zstd frame.
    /// - Throws: `ShardError.compression`.
    public init(
        name: String, array: NPYArray, compressor: ZstdCompressor
    ) throws(ShardError) {
        self.name = name
        bytes = try compressor.compress(array.fileBytes)
        uncompressedCount = array.fileBytes.count
    }
}

/// One clip, ready to be stored.
public struct Sample: Sendable {
    /// Row number with at least eight digits, such as `00000042`.
    public let key: String
    /// What the clip looks like; empty for features.
    public let perceptualHash: String
    /// Files of the sample, in the order in which they are stored.
    public let members: [SampleMember]

    /// Creates the sample from its key and files.
    public init(key: String, perceptualHash: String = "", members: [SampleMember]) {
        self.key = key
        self.perceptualHash = perceptualHash
        self.members = members
    }
}

/// What stands beside a shard, written after it: a shard with a sidecar is complete.
public struct ShardSidecar: Sendable, Codable, Equatable {
    /// Where one member lies in the tar.
    public struct Member: Sendable, Codable, Equatable {
        /// What follows the key and a dot in the member's name.
        public let name: String
        /// Where the member's bytes start in the tar.
        public let offset: Int
        /// Size in the tar in bytes, without padding.
        public let storedBytes: Int
        /// Size in bytes after decompression, which readers check before they allocate.
        public let uncompressedBytes: Int
        /// sha256 of the stored bytes, in hex.
        public let sha256: String
    }

    /// The members of one clip.
    public struct Sample: Sendable, Codable, Equatable {
        /// Row number with at least eight digits.
        public let key: String
        /// What the clip looks like, as `PerceptualHash` writes it; empty for features.
        public let perceptualHash: String
        /// Members in the order in which they are stored.
        public let members: [Member]

        /// The member called `name`, such as `cls`, if the sample has it.
        public func member(_ name: String) -> Member? { members.first { $0.name == name } }
    }

    /// A row that was tried and is not in the shard.
    public struct QuarantinedRow: Sendable, Codable, Equatable {
        /// Row number with at least eight digits.
        public let key: String
        /// One short machine-readable word, such as `damaged`.
        public let reason: String
        /// Step that failed: `open`, `scan`, `decode`, `convert` or `store`.
        public let stage: String
        /// Sentence on what was found.
        public let detail: String
        /// How often the row was tried.
        public let attempts: Int

        /// Creates the row from its parts; every property says what it holds.
        public init(key: String, reason: String, stage: String, detail: String, attempts: Int) {
            self.key = key
            self.reason = reason
            self.stage = stage
            self.detail = detail
            self.attempts = attempts
        }
    }

    /// `ShardFormat.version` of the program that wrote the shard.
    public let formatVersion: Int
    /// sha256 of everything that decides the shard's bytes, in hex.
    ///
    /// A shard whose fingerprint is unchanged is not rebuilt.
    public let fingerprint: String
    /// sha256 of the rows and settings that the shard was planned from, in hex; without its sources.
    public let planHash: String
    /// sha256 of the settings, in hex: samples of equal settings may be carried from shard to shard.
    public let settingsHash: String
    /// Size of the tar in bytes, 0 if there is none.
    public let bytes: Int
    /// sha256 of the tar in hex, empty if there is none.
    public let sha256: String
    /// Clips of the tar, in manifest order.
    public let samples: [Sample]
    /// Rows that belong to this shard but are not in the tar.
    public let quarantined: [QuarantinedRow]
}

/// What a shard was made from, as hashes.
public struct ShardProvenance: Sendable, Equatable {
    /// sha256 of everything that decides the shard's bytes, in hex.
    public let fingerprint: String
    /// sha256 of the rows and settings, in hex.
    public let planHash: String
    /// sha256 of the settings, in hex.
    public let settingsHash: String

    /// Creates the provenance from its parts; every property says what it holds.
    public init(fingerprint: String, planHash: String, settingsHash: String) {
        self.fingerprint = fingerprint
        self.planHash = planHash
        self.settingsHash = settingsHash
    }
}

/// sha256 of `bytes`, in hex.
public func sha256Hex(_ bytes: [UInt8]) -> String {
    hexadecimal(SHA256.hash(data: bytes))
}

/// sha256 of the file at `path`, in hex, read in blocks.
/// - Throws: `ShardError.system` if it cannot be read.
public func sha256Hex(ofFile path: String) throws(ShardError) -> String {
    try sha256Hex(of: ReadableFile(path: path))
}

/// sha256 of all bytes of `file`, in hex, read in blocks.
func sha256Hex(of file: ReadableFile) throws(ShardError) -> String {
    var hasher = SHA256()
    var offset = 0
    while offset < file.count {
        let block = try file.read(offset: offset, count: min(1 << 20, file.count - offset))
        hasher.update(data: block)
        offset += block.count
    }
    return hexadecimal(hasher.finalize())
}
