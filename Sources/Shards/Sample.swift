import Files
public import Recipes

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

/// Where a stored sample comes from: what decides its bytes, the recipe aside.
public struct SampleOrigin: Sendable, Hashable, Codable {
    /// The clip as its first row names it.
    public let clip: Clip
    /// sha256 of the source file in hex; empty for URLs.
    public let sourceSha256: String
    /// sha256 of the pixel member that features were made from, in hex; `nil` for pixels.
    public let pixelsSha256: String?

    enum CodingKeys: String, CodingKey {
        case clip
        case sourceSha256 = "source_sha256"
        case pixelsSha256 = "pixels_sha256"
    }

    /// Creates the origin from its parts.
    public init(clip: Clip, sourceSha256: String, pixelsSha256: String? = nil) {
        self.clip = clip
        self.sourceSha256 = sourceSha256
        self.pixelsSha256 = pixelsSha256
    }

    /// What two samples of one recipe share if their arrays are the same bytes.
    ///
    /// That is the content of the pixels, or the content of the source (the address for URLs) and
    /// the window.
    public var identity: ContentIdentity {
        if let pixelsSha256 { return ContentIdentity([pixelsSha256]) }
        return ContentIdentity([sourceSha256.isEmpty ? clip.video : sourceSha256] + clip.windowText)
    }
}

/// Stands for what an array was made from: half a sha256, so that millions can be kept in memory.
public struct ContentIdentity: Sendable, Hashable {
    private let high: UInt64
    private let low: UInt64

    fileprivate init(_ parts: [String]) {
        var checksum = Checksum()
        for part in parts { checksum.update(part) }
        let bytes = checksum.bytes
        high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// One clip, ready to be stored.
public struct Sample: Sendable {
    /// The name of the sample.
    public let key: ClipKey
    /// What it was made from.
    public let origin: SampleOrigin
    /// What the clip looks like; empty for features.
    public let perceptualHash: String
    /// Files of the sample, in the order in which they are stored.
    public let members: [SampleMember]

    /// Creates the sample from its parts.
    public init(
        key: ClipKey, origin: SampleOrigin, perceptualHash: String = "", members: [SampleMember]
    ) {
        self.key = key
        self.origin = origin
        self.perceptualHash = perceptualHash
        self.members = members
    }
}
