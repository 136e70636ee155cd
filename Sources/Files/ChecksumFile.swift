/// `SHA256SUMS` of a directory: what its files should be, as `sha256sum -c` reads it.
///
/// While files are being replaced it lists both their old and their new hash, so that whichever
/// content a kill leaves behind is valid.
public struct ChecksumFile: Sendable {
    /// Name of the file.
    public static let name = "SHA256SUMS"

    private let directory: String

    /// The checksum file of `directory`.
    public init(of directory: String) {
        self.directory = directory
    }

    /// Records the sha256 of files, in hex by name, in place of what is recorded.
    /// - Throws: `FileError.cannotCreate` or `.system`.
    public func publish(_ hashes: [String: String]) throws(FileError) {
        try publish(lines: hashes.map { "\($0.value)  \($0.key)\n" })
    }

    /// Records `hashes` of files that `body` puts into their places.
    /// - Throws: `FileError.cannotCreate` or `.system`, and what `body` throws.
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
    /// - Throws: `FileError.damaged` if it is not or nothing is recorded of it; `.system`, also if
    ///   there is no checksum file.
    public func verify(_ file: String) throws(FileError) {
        let path = "\(directory)/\(file)"
        // Try again if both files were replaced between the two reads.
        for _ in 0..<2 {
            let recorded = try lines()
            let hash = try sha256Hex(ofFile: path)
            // The second space is an asterisk in the output of `sha256sum --binary`.
            if recorded.contains(where: { $0 == "\(hash)  \(file)\n" || $0 == "\(hash) *\(file)\n" }
            ) {
                return
            }
        }
        throw .damaged(
            path: path,
            remedy: "Restore a copy; or, if you changed it on purpose, write its `sha256sum` "
                + "line into \(directory)/\(Self.name).")
    }
}
