/// What a shard's tar says by itself, for when its sidecar is lost.
enum TarScan {
    /// The samples of a tar, as its sidecar would list them.
    ///
    /// `perceptualHash` reads a sample's hash from its metadata member.
    /// - Throws: `ShardError` if the tar is not one that `ShardWriter` wrote.
    static func samples(
        of file: ReadableFile, perceptualHash: ([UInt8]) -> String
    ) throws(ShardError) -> [ShardSidecar.Sample] {
        var samples: [(key: String, hash: String, members: [ShardSidecar.Member])] = []
        var offset = 0
        while offset + TarFormat.blockSize <= file.count {
            let header = try file.read(offset: offset, count: TarFormat.blockSize)
            guard header.contains(where: { $0 != 0 }) else { break }
            let (path, size) = try parse(header, of: file, at: offset)
            let start = offset + TarFormat.blockSize
            guard size <= file.count - start, let dot = path.firstIndex(of: ".") else {
                throw .incompleteShard(path: file.path, reason: "`\(path)` lies outside of it")
            }
            let bytes = try file.read(offset: start, count: size)
            let member = ShardSidecar.Member(
                name: String(path[path.index(after: dot)...]), offset: start, storedBytes: size,
                uncompressedBytes: zstdContentSize(bytes) ?? size, sha256: sha256Hex(bytes))
            let key = String(path[..<dot])
            if samples.last?.key != key { samples.append((key, "", [])) }
            samples[samples.count - 1].members.append(member)
            if member.name == ShardFormat.metadataMember {
                samples[samples.count - 1].hash = perceptualHash(bytes)
            }
            offset = start + size + TarFormat.padding(after: size).count
        }
        return samples.map {
            ShardSidecar.Sample(key: $0.key, perceptualHash: $0.hash, members: $0.members)
        }
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
