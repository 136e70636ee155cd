import Shards
import Tensors

/// Encodes the clips of a pixel shard for the feature shard of the same name.
///
/// Clips go in groups through four stages: read, encode, compress, append. In every step each stage
/// has another group, and all threads share the pieces of all stages, so that none waits for
/// the disk, for zstd, or for a clip of few frames. A frame is one piece, and frames that are equal
/// within a group are encoded once.
struct FeatureShardEncoding {
    /// What a step has done.
    struct Step: Sendable {
        var clips = 0
        var frames = 0
        var seconds = 0.0
    }

    private let reader: ShardReader
    private let encoder: FrameEncoder
    private let settings: DatasetDescription.Settings
    private let groups: [ArraySlice<ShardSidecar.Sample>]

    /// Frames of a group for each thread: so many that few threads idle at its end, and so few that
    /// the groups in memory are small beside the weights.
    private static let framesPerThread = 8

    /// A clip whose frames have been read.
    private struct ReadClip: Sendable {
        let sample: ShardSidecar.Sample
        let frames: [StoredFrame]
        let members: [SampleMember]
    }

    /// A clip and where its frames stand among those of its group.
    private struct ClipPlan: Sendable {
        let clip: ReadClip
        let order: [Int]
    }

    /// Float16 (L, D) of a frame, and how many numbers were too large.
    private struct EncodedFrame: Sendable {
        let halves: [UInt16]
        let overflows: Int
    }

    /// What lies between the stages.
    private struct Belt: Sendable {
        var frames: [StoredFrame] = []
        var toEncode: [ClipPlan] = []
        var encoded: [EncodedFrame] = []
        var toCompress: [ClipPlan] = []
        var toAppend: [Sample] = []
    }

    /// Divides the clips of `reader` into groups, for as many threads as there are.
    init(
        reader: ShardReader, encoder: FrameEncoder, settings: DatasetDescription.Settings
    ) {
        self.reader = reader
        self.encoder = encoder
        self.settings = settings
        let samples = reader.sidecar.samples
        let frames = max(1, settings.numFrames)
        let size = (Self.framesPerThread * MathThreads.count + frames - 1) / frames
        groups = stride(from: 0, to: samples.count, by: size).map {
            samples[$0..<min($0 + size, samples.count)]
        }
    }

    /// Appends all clips to `writer`, in their order; `progress` is called after each step.
    /// - Throws: `PipelineError.interrupted` soon after `stop` is requested, `.overflow`,
    ///   `ShardError`.
    func run(
        into writer: ShardWriter, stop: StopSignal, progress: (Step) -> Void
    ) throws {
        var belt = Belt()
        // Three stages are behind the one that reads.
        for number in 0..<groups.count + 3 {
            let clock = ContinuousClock()
            let start = clock.now
            var step = Step(clips: belt.toEncode.count, frames: belt.frames.count)
            let next = number < groups.count ? groups[number] : []
            belt = try advance(belt, reading: next, into: writer, stop: stop)
            step.seconds = (clock.now - start).inSeconds
            progress(step)
        }
    }

    /// Takes every group on `belt` one stage on.
    private func advance(
        _ belt: Belt, reading samples: ArraySlice<ShardSidecar.Sample>, into writer: ShardWriter,
        stop: StopSignal
    ) throws -> Belt {
        let appended = ParallelResults<Void>(count: 1)
        let compressed = ParallelResults<Sample>(count: belt.toCompress.count)
        let read = ParallelResults<ReadClip>(count: samples.count)
        let encoded = ParallelResults<EncodedFrame>(count: belt.frames.count)
        var work: [() -> Void] = [
            {
                appended.set(
                    0, Result { for sample in belt.toAppend { try writer.append(sample) } })
            }
        ]
        work += belt.toCompress.indices.map { index in
            { compressed.set(index, Result { try compress(belt.toCompress[index], belt.encoded) }) }
        }
        work += samples.enumerated().map { index, sample in
            { read.set(index, Result { try self.read(sample) }) }
        }
        work += belt.frames.indices.map { index in
            { encoded.set(index, .success(encode(belt.frames[index]))) }
        }
        forEachInParallel(work.count) { if !stop.isRequested { work[$0]() } }
        if let signal = stop.signal { throw PipelineError.interrupted(signal: signal) }

        _ = try appended.get()
        var distinct = DistinctFrames()
        var next = Belt()
        next.toAppend = try compressed.get()
        next.toEncode = try read.get().map { ClipPlan(clip: $0, order: distinct.add($0.frames)) }
        next.frames = distinct.frames
        next.encoded = try encoded.get()
        next.toCompress = belt.toEncode
        return next
    }
}

// MARK: - Pieces of work, each on one thread

extension FeatureShardEncoding {
    private func read(_ sample: ShardSidecar.Sample) throws -> ReadClip {
        ReadClip(
            sample: sample, frames: try reader.frames(of: sample, settings: settings),
            members: try [ShardFormat.classMember, ShardFormat.metadataMember].map {
                try reader.storedMember($0, of: sample)
            })
    }

    private func encode(_ frame: StoredFrame) -> EncodedFrame {
        let features = encoder.features(of: frame)
        var halves = [UInt16](repeating: 0, count: features.count)
        var span = halves.mutableSpan
        let overflows = floatToHalf(features.span, into: &span)
        return EncodedFrame(halves: halves, overflows: overflows)
    }

    private func compress(_ plan: ClipPlan, _ encoded: [EncodedFrame]) throws -> Sample {
        let frames = plan.order.map { encoded[$0] }
        let key = plan.clip.sample.key
        let overflows = frames.reduce(0) { $0 + $1.overflows }
        guard overflows == 0 else {
            throw PipelineError.overflow(key: key, shard: reader.path, count: overflows)
        }
        let array = NPYArray(
            elementType: .float16, shape: [frames.count, encoder.numTokens, encoder.hiddenSize],
            elements: frames.flatMap { $0.halves.span.bytes.copiedBytes() })
        let features = try SampleMember(
            name: ShardFormat.featureMember, array: array,
            compressor: ZstdCompressor(level: settings.zstdLevel))
        return Sample(key: key, members: [features] + plan.clip.members)
    }
}
