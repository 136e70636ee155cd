import Files
import Recipes
import Shards
import Tensors
import VideoDecoding

/// Writes the features of a pixel shard to the feature shard of the same name.
///
/// Clips go in groups: while one is encoded the next is read, and all threads share the pieces of
/// both, so that none waits for the disk or for a clip of few frames. A group is appended as soon
/// as it is encoded, so a kill costs one group. A frame is one piece; one that is equal to another
/// of its group, or to one that was encoded lately, is not encoded again. Features that exist are
/// read instead of encoded.
struct FeatureShardWriting {
    /// What a step has done.
    struct Step: Sendable {
        /// Clips that are ready, and those of them that had to be encoded.
        var clips = 0
        var encodedClips = 0
        var frames = 0
        /// Time in which frames were encoded.
        var seconds = 0.0

        mutating func add(_ step: Step) {
            clips += step.clips
            encodedClips += step.encodedClips
            frames += step.frames
            // The time of a step that only reads or writes is not the encoder's.
            if step.frames > 0 { seconds += step.seconds }
        }
    }

    let encoding: FeatureEncoding
    let clipRecipe: ClipRecipe
    /// Features that exist.
    let stored: StoredSamples
    /// What was encoded lately, for this shard or another.
    let recent: RecentFrames

    /// Frames of a group for each thread: enough that few threads idle at its end, and few enough
    /// that the groups in memory are small compared with the weights.
    private static let framesPerThread = 8

    /// A clip that has been read: its frames, or its features if they exist.
    private struct ReadClip: Sendable {
        let entry: ShardSidecar.Sample
        let receipt: ClipReceipt
        let frames: [StoredFrame]
        let features: SampleMember?
    }

    /// A clip and where its frames stand among those of its group.
    private struct ClipPlan: Sendable {
        let clip: ReadClip
        let order: [Int]
    }

    private typealias EncodedFrame = (features: RecentFrames.Features, isNew: Bool)

    /// A group that has been read.
    private struct Group: Sendable {
        var clips: [ClipPlan] = []
        /// Distinct frames of all clips.
        var frames: [StoredFrame] = []
    }

    /// Appends the features of the clips of `reader` to `writer`, in their order; `progress` is
    /// called after each step.
    ///
    /// After `stop` is requested, the group that was begun is finished.
    /// - Throws: `PipelineError.interrupted`, `.notFinite`, `ShardError`, and what
    ///   `FeatureEncoding.encoder` throws.
    func run(
        _ reader: ShardReader, into writer: ShardWriter, stop: StopSignal,
        progress: (Step) -> Void
    ) throws {
        let samples = reader.samples
        let frames = max(1, clipRecipe.numFrames)
        let size = (Self.framesPerThread * MathThreads.count + frames - 1) / frames
        let parts = stride(from: 0, to: samples.count, by: size).map {
            samples[$0..<min($0 + size, samples.count)]
        }
        var group = Group()
        for number in 0...parts.count {
            let start = ContinuousClock.now
            let encoder = group.frames.isEmpty ? nil : try encoding.encoder()
            let next = number < parts.count ? parts[number] : []
            let (encoded, read) = try advance(group, encoder, reading: next, of: reader)
            for clip in group.clips { try writer.append(pack(clip, encoded, of: reader)) }
            progress(
                Step(
                    clips: group.clips.count,
                    encodedClips: group.clips.count { $0.clip.features == nil },
                    frames: encoded.count(where: \.isNew),
                    seconds: (ContinuousClock.now - start).inSeconds))
            if let signal = stop.signal { throw PipelineError.interrupted(signal: signal) }
            group = read
        }
    }

    /// Encodes the frames of `group` and reads the next one.
    private func advance(
        _ group: Group, _ encoder: FrameEncoder?,
        reading samples: ArraySlice<ShardSidecar.Sample>, of reader: ShardReader
    ) throws -> (encoded: [EncodedFrame], next: Group) {
        let read = ParallelResults<ReadClip>(count: samples.count)
        let encoded = ParallelResults<EncodedFrame>(count: group.frames.count)
        var work: [@Sendable () -> Void] = samples.enumerated().map { index, sample in
            { read.set(index, Result { try self.read(sample, of: reader) }) }
        }
        if let encoder {
            work += group.frames.indices.map { index in
                { encoded.set(index, .success(encode(group.frames[index], encoder))) }
            }
        }
        let pieces = work
        _ = mapInParallel(pieces.count) { pieces[$0]() }
        var distinct = DistinctFrames()
        var next = Group()
        next.clips = try read.get().map { ClipPlan(clip: $0, order: distinct.add($0.frames)) }
        next.frames = distinct.frames
        return (try encoded.get(), next)
    }
}

// MARK: - Pieces of work, each on one thread

extension FeatureShardWriting {
    private func read(_ entry: ShardSidecar.Sample, of reader: ShardReader) throws -> ReadClip {
        let metadata = try reader.metadata(ClipMetadata.self, of: entry)
        let known = stored.sample(of: entry.featureOrigin)
        let features = known.flatMap {
            // What cannot be taken over is made again.
            try? $0.reader.storedMember(ShardFormat.featureMember, of: $0.entry)
        }
        return ReadClip(
            entry: entry, receipt: metadata.receipt,
            frames: features == nil ? try reader.frames(of: entry, recipe: clipRecipe) : [],
            features: features)
    }

    private func encode(_ frame: StoredFrame, _ encoder: FrameEncoder) -> EncodedFrame {
        recent.features(of: frame) {
            let features = encoder.features(of: frame)
            var halves = [UInt16](repeating: 0, count: features.count)
            var span = halves.mutableSpan
            let overflows = floatToHalf(features.span, into: &span)
            // A float16 whose exponent bits are all set is infinite or not a number.
            let numUnstorable = max(overflows, halves.count { $0 & 0x7C00 == 0x7C00 })
            return RecentFrames.Features(halves: halves, numUnstorable: numUnstorable)
        }
    }

    private func pack(
        _ plan: ClipPlan, _ encoded: [EncodedFrame], of reader: ShardReader
    ) throws -> Sample {
        let (entry, frames) = (plan.clip.entry, plan.order.map { encoded[$0].features })
        let count = frames.reduce(0) { $0 + $1.numUnstorable }
        guard count == 0 else {
            throw PipelineError.notFinite(key: "\(entry.key)", shard: reader.path, count: count)
        }
        let features =
            plan.clip.features
            ?? SampleMember(
                name: ShardFormat.featureMember,
                bytes: NPYArray(
                    elementType: .float16, shape: [frames.count] + encoding.frameShape,
                    elements: frames.flatMap { $0.halves.span.bytes.copiedBytes() }
                ).fileBytes)
        let metadata = ClipMetadata(
            key: entry.key, origin: entry.origin, perceptualHash: "", receipt: plan.clip.receipt,
            questions: nil)
        return Sample(
            key: entry.key, origin: entry.featureOrigin, members: [features, try metadata.member()]
        )
    }
}
