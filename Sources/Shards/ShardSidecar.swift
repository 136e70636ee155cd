import Files
import Foundation
public import Recipes

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

        enum CodingKeys: String, CodingKey {
            case name, offset, sha256
            case storedBytes = "stored_bytes"
            case uncompressedBytes = "uncompressed_bytes"
        }
    }

    /// The members of one clip.
    public struct Sample: Sendable, Codable, Equatable {
        /// The name of the sample.
        public let key: ClipKey
        /// What it was made from.
        public let origin: SampleOrigin
        /// What the clip looks like, as `PerceptualHash` writes it; empty for features.
        public let perceptualHash: String
        /// Members in the order in which they are stored.
        public let members: [Member]

        enum CodingKeys: String, CodingKey {
            case key, origin, members
            case perceptualHash = "perceptual_hash"
        }

        /// The member called `name`, such as `cls`, if the sample has it.
        public func member(_ name: String) -> Member? { members.first { $0.name == name } }
    }

    /// A clip that was tried and is not in the shard.
    public struct QuarantinedClip: Sendable, Codable, Equatable {
        /// The name that its sample would have.
        public let key: ClipKey
        /// sha256 of the source file in hex; empty for URLs and files that cannot be read.
        public let sourceSha256: String
        /// One short machine-readable word, such as `damaged`.
        public let reason: String
        /// Step that failed: `open`, `scan`, `decode`, `convert` or `store`.
        public let stage: String
        /// Sentence on what was found.
        public let detail: String
        /// How often the clip was tried.
        public let attempts: Int

        enum CodingKeys: String, CodingKey {
            case key, reason, stage, detail, attempts
            case sourceSha256 = "source_sha256"
        }

        /// Creates the entry from its parts.
        public init(
            key: ClipKey, sourceSha256: String, reason: String, stage: String, detail: String,
            attempts: Int
        ) {
            self.key = key
            self.sourceSha256 = sourceSha256
            self.reason = reason
            self.stage = stage
            self.detail = detail
            self.attempts = attempts
        }
    }

    /// What decided the bytes of a shard, as hashes.
    public struct Provenance: Sendable, Codable, Equatable {
        /// sha256 of everything that decides the shard's bytes, in hex.
        ///
        /// A shard whose fingerprint is unchanged is not written again.
        public let fingerprint: String
        /// The same without the content of the sources, which only the shard's own task knows.
        public let planHash: String
        /// sha256 of the recipe, in hex: samples of equal recipes may be carried.
        public let recipeHash: String

        enum CodingKeys: String, CodingKey {
            case fingerprint
            case planHash = "plan_hash"
            case recipeHash = "recipe_hash"
        }

        /// Creates the provenance from its parts.
        public init(fingerprint: String, planHash: String, recipeHash: String) {
            self.fingerprint = fingerprint
            self.planHash = planHash
            self.recipeHash = recipeHash
        }
    }

    /// `ShardFormat.version` of the program that wrote the shard.
    public let formatVersion: Int
    /// What the shard was made from.
    public let provenance: Provenance
    /// Size of the tar in bytes, 0 if there is none.
    public let bytes: Int
    /// sha256 of the tar in hex, empty if there is none.
    public let sha256: String
    /// Clips of the tar, in key order.
    public let samples: [Sample]
    /// Clips that belong to this shard but are not in the tar.
    public let quarantined: [QuarantinedClip]

    enum CodingKeys: String, CodingKey {
        case provenance, bytes, sha256, samples, quarantined
        case formatVersion = "format_version"
    }
}

/// A sidecar without its samples, which is read in a fraction of the time.
public struct ShardSummary: Sendable, Decodable {
    /// `ShardFormat.version` of the program that wrote the shard.
    let formatVersion: Int
    /// What the shard was made from.
    public let provenance: ShardSidecar.Provenance
    /// Size of the tar in bytes, 0 if there is none.
    public let bytes: Int
    /// Clips that belong to this shard but are not in the tar.
    public let quarantined: [ShardSidecar.QuarantinedClip]

    private enum CodingKeys: String, CodingKey {
        case provenance, bytes, quarantined
        case formatVersion = "format_version"
    }

    /// Reads the sidecar of the shard `name` (without extension) in `directory`.
    /// - Returns: `nil` if it is missing, unreadable or of another version.
    public init?(directory: String, name: String) {
        guard let bytes = try? readFile("\(directory)/\(name).json") else { return nil }
        // Keys are sorted and strings have no line ends, so this is where the samples begin.
        let samples = Array("\n  \"samples\" : ".utf8)
        guard let end = bytes.firstRange(of: samples)?.lowerBound else { return nil }
        let head = bytes[..<end].dropLast() + [UInt8(ascii: "}")]
        guard let summary = try? JSONDecoder().decode(Self.self, from: Data(head)),
            summary.formatVersion == ShardFormat.version
        else { return nil }
        self = summary
    }
}
