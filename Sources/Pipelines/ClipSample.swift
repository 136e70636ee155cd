import Manifests
import Preprocessing
import Shards
import Tensors
import VideoDecoding

/// The `.json` member of a sample.
struct ClipMetadata: Encodable {
    let id: String
    let video: String
    let label: String
    let split: String
    let prompt: String
    let group: String
    /// Seconds as text, empty where the row names none: JSON numbers with and without a fraction, or missing, would give
    /// the samples of one dataset different types in Arrow.
    let start: String
    let end: String
    /// The manifest's other columns.
    let extra: [String: String]
    /// sha256 of the source file; empty for URLs.
    let sourceSha256: String
    let receipt: ClipReceipt

    init(clip: PlannedClip, receipt: ClipReceipt, sourceSha256: String) {
        let row = clip.row
        id = row.id ?? row.key
        video = row.video
        label = row.label
        split = clip.split.rawValue
        prompt = row.prompt ?? ""
        group = row.group ?? ""
        start = row.start.map { "\($0)" } ?? ""
        end = row.end.map { "\($0)" } ?? ""
        extra = row.extra
        self.sourceSha256 = sourceSha256
        self.receipt = receipt
    }
}

/// What became of one clip.
struct ClipOutcome: Sendable {
    let clip: PlannedClip
    let sourceSha256: String
    let result: Result<Sample, ClipFault>
}

/// Why a clip is not stored, in the words of `quarantine.csv`.
struct ClipFault: Error {
    let reason: String
    let stage: String
    let detail: String
}

/// Makes samples from planned clips; every fault becomes part of the outcome.
struct ClipSampleMaker: Sendable {
    let loader: ClipLoader
    let sources: SourceFiles
    let settings: DatasetDescription.Settings
    let normalization: PixelNormalization

    func outcome(of clip: PlannedClip) -> ClipOutcome {
        let hash = sources.sha256(of: clip.row.video)
        return ClipOutcome(clip: clip, sourceSha256: hash, result: sample(of: clip, sourceSha256: hash))
    }

    private func sample(
        of clip: PlannedClip, sourceSha256: String
    ) -> Result<Sample, ClipFault> {
        do {
            let loaded = try loader.load(
                path: sources.path(of: clip.row.video), start: clip.row.start, end: clip.row.end)
            let metadata = ClipMetadata(
                clip: clip, receipt: loaded.receipt, sourceSha256: sourceSha256)
            return .success(
                Sample(
                    key: clip.row.key,
                    members: [
                        try SampleMember(
                            name: ShardFormat.pixelMember, array: array(of: loaded.pixels),
                            compressor: ZstdCompressor(level: settings.zstdLevel)),
                        SampleMember(
                            name: ShardFormat.classMember, bytes: Array("\(clip.classIndex)".utf8)),
                        SampleMember(
                            name: ShardFormat.metadataMember,
                            bytes: try canonicalJSON(metadata, pretty: false)),
                    ]))
        } catch let error as DecodeError {
            return .failure(
                ClipFault(
                    reason: error.reason, stage: error.stage.rawValue, detail: "\(error)"))
        } catch {
            return .failure(ClipFault(reason: "not-stored", stage: "store", detail: "\(error)"))
        }
    }

    private func array(of pixels: [UInt8]) -> NPYArray {
        let shape = [3, settings.numFrames, settings.imageSize, settings.imageSize]
        if settings.store == .uint8 {
            return NPYArray(elementType: .uint8, shape: shape, elements: pixels)
        }
        var values = [Float](repeating: 0, count: pixels.count)
        var span = values.mutableSpan
        normalization.normalize(pixels.span, into: &span)
        return NPYArray(elementType: settings.store, shape: shape, values: values)
    }
}

extension NPYArray {
    /// An array of `elementType` that holds `values`, which must be float16 or float32.
    init(elementType: ElementType, shape: [Int], values: [Float]) {
        switch elementType {
        case .float16:
            var halves = [UInt16](repeating: 0, count: values.count)
            var span = halves.mutableSpan
            _ = floatToHalf(values.span, into: &span)
            self.init(
                elementType: .float16, shape: shape, elements: halves.span.bytes.copiedBytes())
        case .float32:
            self.init(elementType: .float32, shape: shape, elements: values.span.bytes.copiedBytes())
        case .uint8:
            preconditionFailure("normalised values do not fit uint8")
        }
    }
}

extension RawSpan {
    /// The bytes as an array, in memory order.
    func copiedBytes() -> [UInt8] {
        withUnsafeBytes { Array($0) }
    }
}
