import Foundation
import Shards
import Synchronization

/// Finds the videos of a manifest and knows the hash of each, computed once.
final class SourceFiles: Sendable {
    private let root: String
    private let hashes = Mutex<[String: String]>([:])

    /// Looks up relative paths from the folder `root`.
    init(root: String) {
        self.root = root
    }

    /// What to open for the manifest's `video`.
    func path(of video: String) -> String {
        if Self.isURL(video) || video.hasPrefix("/") { return video }
        return root.isEmpty ? video : "\(root)/\(video)"
    }

    /// sha256 of the file's bytes in hex; empty if it cannot be read or is not a local file.
    func sha256(of video: String) -> String {
        if Self.isURL(video) { return "" }
        if let known = hashes.withLock({ $0[video] }) { return known }
        let hash = (try? sha256Hex(ofFile: path(of: video))) ?? ""
        hashes.withLock { $0[video] = hash }
        return hash
    }

    /// Size of the file in bytes; 0 if there is none.
    func size(of video: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path(of: video))
        return (attributes?[.size] as? Int) ?? 0
    }

    /// Computes the hashes of `videos`, several at once.
    func hash(_ videos: [String], jobs: Int) async {
        try? await forEachInOrder(
            Array(Set(videos)), limit: jobs, operation: { [self] in sha256(of: $0) },
            commit: { _ in })
    }

    private static func isURL(_ video: String) -> Bool {
        video.hasPrefix("http://") || video.hasPrefix("https://")
    }
}
