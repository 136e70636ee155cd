import Recipes

/// Which splits hold clips of each source, whatever names its copies have.
struct SourcesInSplits {
    /// Half of a sha256, which is as good and takes half the memory.
    private struct Digest: Hashable {
        let high: UInt64
        let low: UInt64
    }

    private struct Source {
        let clip: Int32
        let split: Split
        var isStraddling = false
    }

    private var sources: [Digest: Source] = [:]

    /// Notes that a stored clip of the source `sha256` lies in `split`.
    ///
    /// The content of videos behind web addresses is not known: their hash is empty.
    mutating func add(_ sha256: String, of clip: Int32, in split: Split) {
        guard let high = UInt64(sha256.prefix(16), radix: 16),
            let low = UInt64(sha256.dropFirst(16).prefix(16), radix: 16)
        else { return }
        let digest = Digest(high: high, low: low)
        if let known = sources[digest] {
            if known.split != split { sources[digest]?.isStraddling = true }
        } else {
            sources[digest] = Source(clip: clip, split: split)
        }
    }

    /// The first clip of each source that lies in several splits.
    var straddling: [Int32] { sources.values.filter(\.isStraddling).map(\.clip) }
}
