import Files
import Recipes

/// Rebuilds the list of samples from a shard's tar alone, for when its sidecar is lost.
enum TarScan {
    /// The samples of a tar, as its sidecar would list them.
    ///
    /// `describe` reads origin and perceptual hash from a sample's metadata member. A tar that ends
    /// between two members is read up to there; members without metadata after them are left out.
    /// - Throws: `ShardError.incompleteShard` if a header, a size or the metadata are not as
    ///   `ShardWriter` writes them; `.file`.
    static func samples(
        of file: ReadableFile,
        describe: ([UInt8]) -> (origin: SampleOrigin, perceptualHash: String)?
    ) throws(ShardError) -> [ShardSidecar.Sample] {
        var samples: [ShardSidecar.Sample] = []
        var members: [ShardSidecar.Member] = []
        var offset = 0
        while offset + TarFormat.blockSize <= file.count {
            let header = try read(file, at: offset, count: TarFormat.blockSize)
            guard header.contains(where: { $0 != 0 }) else { break }
            let (path, size) = try parse(header, of: file, at: offset)
            let start = offset + TarFormat.blockSize
            guard size <= file.count - start, let dot = path.firstIndex(of: ".") else {
                throw .incompleteShard(path: file.path, reason: "`\(path)` lies outside of it")
            }
            let bytes = try read(file, at: start, count: size)
            let name = String(path[path.index(after: dot)...])
            members.append(
                ShardSidecar.Member(
                    name: name, offset: start, storedBytes: size,
                    uncompressedBytes: zstdContentSize(bytes) ?? size, sha256: sha256Hex(bytes)))
            // The metadata are the last member of a sample.
            if name == ShardFormat.metadataMember {
                guard let key = ClipKey(String(path[..<dot])), let known = describe(bytes) else {
                    throw .incompleteShard(path: file.path, reason: "`\(path)` is unreadable")
                }
                samples.append(
                    ShardSidecar.Sample(
                        key: key, origin: known.origin, perceptualHash: known.perceptualHash,
                        members: members))
                members = []
            }
            offset = start + size + TarFormat.padding(after: size).count
        }
        return samples
    }

    private static func read(
        _ file: ReadableFile, at offset: Int, count: Int
    ) throws(ShardError) -> [UInt8] {
        try onDisk { () throws(FileError) in try file.read(offset: offset, count: count) }
    }

    /// Name and size of a member, whose header must be as `TarFormat` writes it.
    private static func parse(
        _ header: [UInt8], of file: ReadableFile, at offset: Int
    ) throws(ShardError) -> (path: String, size: Int) {
        let path = String(decoding: header.prefix(100).prefix { $0 != 0 }, as: UTF8.self)
        let digits = String(decoding: header[124..<135], as: UTF8.self)
        guard let size = Int(digits, radix: 8) else {
            throw .incompleteShard(path: file.path, reason: "it has no header at byte \(offset)")
        }
        let expected = try TarFormat.header(name: path, size: size)
        guard header == expected else {
            throw .incompleteShard(path: file.path, reason: "it has no header at byte \(offset)")
        }
        return (path, size)
    }
}
