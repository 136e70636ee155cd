internal import Crypto
import Foundation

/// Names and versions of what is on disk; `ShardFormat.md` is the specification.
public enum ShardFormat {
    /// Grows with every change of any byte.
    public static let version = 1
    public static let descriptionName = "dataset.json"
    public static let quarantineName = "quarantine.csv"
    public static let reportName = "build-report.json"
    public static let shardFolder = "shards"

    /// The member that holds a clip's pixels, (C, T, H, W).
    public static let pixelMember = "pixel_values.npy.zst"
    /// The member that holds a clip's features, (T, L, D).
    public static let featureMember = "features.npy.zst"
    /// The member that holds the class index as text.
    public static let classMember = "cls"
    /// The member that holds what is known about the clip.
    public static let metadataMember = "json"

    /// The name of shard number `index` of `split`, without extension.
    public static func shardName(split: String, index: Int) -> String {
        let digits = String(index)
        return "\(split)-\(String(repeating: "0", count: max(0, 5 - digits.count)))\(digits)"
    }
}

/// One file of a sample, ready to be stored.
public struct SampleMember: Sendable {
    /// What follows the key and a dot in the member's name.
    public let name: String
    public let bytes: [UInt8]
    /// Size after decompression; equal to `bytes.count` for members that are not compressed.
    public let uncompressedCount: Int

    /// A member that is stored as it is.
    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        uncompressedCount = bytes.count
    }

    /// An array, compressed.
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
    public let key: String
    public let members: [SampleMember]

    public init(key: String, members: [SampleMember]) {
        self.key = key
        self.members = members
    }
}

/// What stands beside a shard, written after it: a shard with a sidecar is complete.
public struct ShardSidecar: Sendable, Codable, Equatable {
    public struct Member: Sendable, Codable, Equatable {
        public let name: String
        /// Where the member's bytes start in the tar.
        public let offset: Int
        public let storedBytes: Int
        public let uncompressedBytes: Int
        /// sha256 of the stored bytes, in hex.
        public let sha256: String
    }

    public struct Sample: Sendable, Codable, Equatable {
        public let key: String
        public let members: [Member]

        /// The member called `name`.
        public func member(_ name: String) -> Member? { members.first { $0.name == name } }
    }

    /// A row that was tried and is not in the shard.
    public struct QuarantinedRow: Sendable, Codable, Equatable {
        public let key: String
        public let reason: String
        public let stage: String
        public let detail: String
        public let attempts: Int

        public init(key: String, reason: String, stage: String, detail: String, attempts: Int) {
            self.key = key
            self.reason = reason
            self.stage = stage
            self.detail = detail
            self.attempts = attempts
        }
    }

    public let formatVersion: Int
    /// Hash of everything that decides the shard's bytes; an unchanged fingerprint is not rebuilt.
    public let fingerprint: String
    /// Size of the tar in bytes.
    public let bytes: Int
    /// sha256 of the tar, in hex.
    public let sha256: String
    public let samples: [Sample]
    public let quarantined: [QuarantinedRow]
}

/// sha256 of `bytes`, in hex.
public func sha256Hex(_ bytes: [UInt8]) -> String {
    hexadecimal(SHA256.hash(data: bytes))
}

/// sha256 of the file at `path`, in hex, read in blocks.
/// - Throws: `ShardError.system` if it cannot be read.
public func sha256Hex(ofFile path: String) throws(ShardError) -> String {
    let file = try ReadableFile(path: path)
    var hasher = SHA256()
    var offset = 0
    while offset < file.count {
        let block = try file.read(offset: offset, count: min(1 << 20, file.count - offset))
        hasher.update(data: block)
        offset += block.count
    }
    return hexadecimal(hasher.finalize())
}
