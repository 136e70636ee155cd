import Files
import Recipes
import Shards
import VideoDecoding

/// The `.json` member of a sample: the clip, its receipt and, for pixels, its questions.
struct ClipMetadata: Codable {
    let key: ClipKey
    let video: String
    /// Seconds as text, empty where the row names none.
    let start: String
    let end: String
    /// sha256 of the source file; empty for URLs.
    let sourceSha256: String
    /// 16 hex digits per sampled frame; empty for features.
    let perceptualHash: String
    let receipt: ClipReceipt
    /// `nil` for features, which do not change when a label does.
    let questions: [Question]?

    init(
        key: ClipKey, origin: SampleOrigin, perceptualHash: String, receipt: ClipReceipt,
        questions: [Question]?
    ) {
        self.key = key
        video = origin.clip.video
        start = origin.clip.windowText[0]
        end = origin.clip.windowText[1]
        sourceSha256 = origin.sourceSha256
        self.perceptualHash = perceptualHash
        self.receipt = receipt
        self.questions = questions
    }

    /// The member that holds it.
    func member() throws(FileError) -> SampleMember {
        SampleMember(
            name: ShardFormat.metadataMember, bytes: try canonicalJSON(self, pretty: false))
    }

    /// What the metadata member of a pixel sample says of it; `nil` if it is unreadable.
    static func describe(_ bytes: [UInt8]) -> (origin: SampleOrigin, perceptualHash: String)? {
        guard let metadata = try? decodeJSON(ClipMetadata.self, from: bytes) else { return nil }
        let clip = Clip(
            video: metadata.video, start: Double(metadata.start), end: Double(metadata.end))
        return (
            SampleOrigin(clip: clip, sourceSha256: metadata.sourceSha256), metadata.perceptualHash
        )
    }
}
