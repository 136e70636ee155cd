/// `SHA256SUMS` of a directory: what its files should be, as `sha256sum -c` reads it.
///
/// While files are replaced it names their old and their new hash, so that whatever a kill leaves
/// is one of them.
public struct ChecksumFile: Sendable {
    /// Name of the file.
    public static let name = "SHA256SUMS"

    private let directory: String

    /// That of `directory`.
    public init(of directory: String) {
        self.directory = directory
    }

    /// Records the sha256 of files, in hex by name, in place of what is recorded.
    /// - Throws: `FileError.system`.
    public func publish(_ hashes: [String: String]) throws(FileError) {
        try publish(lines: hashes.map { "\($0.value)  \($0.key)\n" })
    }

    /// Records `hashes` of files that `body` puts into their places.
    /// - Throws: `FileError`, and what `body` throws.
    public func publish(
        _ hashes: [String: String], replacing body: () throws(FileError) -> Void
    ) throws(FileError) {
        let recorded = fileExists("\(directory)/\(Self.name)") ? try lines() : []
        try publish(lines: recorded + hashes.map { "\($0.value)  \($0.key)\n" })
        try body()
        try publish(hashes)
    }

    private func publish(lines: [String]) throws(FileError) {
        try publishFile(Array(Set(lines).sorted().joined().utf8), at: "\(directory)/\(Self.name)")
    }

    private func lines() throws(FileError) -> [String] {
        let bytes = try readFile("\(directory)/\(Self.name)", maximumSize: 1 << 20)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { "\($0)\n" }
    }

    /// Checks that the file `file` is as it was recorded.
    /// - Throws: `FileError.damaged` if it is not or nothing is recorded of it, `.system`.
    public func verify(_ file: String) throws(FileError) {
        let path = "\(directory)/\(file)"
        // Once more if both were replaced between the two looks.
        for _ in 0..<2 {
            let recorded = try lines()
            let hash = try sha256Hex(ofFile: path)
            // The second blank is an asterisk where `sha256sum` was told `--binary`.
            if recorded.contains(where: { $0 == "\(hash)  \(file)\n" || $0 == "\(hash) *\(file)\n" }
            ) {
                return
            }
        }
        throw .damaged(
            path: path,
            remedy: "Put a copy back; or, if you changed it on purpose, write what `sha256sum` "
                + "says of it into \(directory)/\(Self.name).")
    }
}
