import CFFmpeg
import Recipes

/// Turns one video file after another into the frames a request asks for.
///
/// Keeps scaler and picture memory between clips. Not shared: each worker has its own.
public struct ClipDecoder: ~Copyable {
    /// Whether to decode only what is needed; the tests compare with decoding everything.
    var usesIndex = true
    /// The packets of files up to this size stay in memory between the scan and decoding.
    var residentLimitBytes = 4 << 20
    private var converter = ColorConverter()

    /// Makes a decoder; files are opened by `decode`.
    public init() {}

    /// Decodes the sampled frames of one clip and lends each to `frame`.
    ///
    /// A slot may be filled again, with the right frame, after a header has proved wrong: what
    /// counts is what a slot holds when the call returns.
    /// - Parameters:
    ///   - request: What to decode.
    ///   - frame: Takes the positions in `0..<numFrames` that the picture fills, ascending, and the
    ///     picture, valid during the call.
    /// - Returns: The receipt of the clip.
    /// - Throws: `DecodeError`, any case: the first reason why the clip cannot be delivered whole
    ///   and undamaged; `.damaged` only if the recipe does not keep damaged videos.
    public mutating func decode(
        _ request: ClipRequest, frame: (_ slots: [Int], borrowing RGBFrame) throws -> Void
    ) throws(DecodeError) -> ClipReceipt {
        try request.validate()
        let log = MessageLog()
        return try log.collect { () throws(DecodeError) in
            try decode(request, log: log, frame: frame)
        }
    }

    private mutating func decode(
        _ request: ClipRequest, log: MessageLog,
        frame: (_ slots: [Int], borrowing RGBFrame) throws -> Void
    ) throws(DecodeError) -> ClipReceipt {
        let deadline = Deadline(seconds: request.timeoutSeconds)
        let file = try request.open(deadline)
        var packets = try PacketSource(residentLimitBytes: residentLimitBytes, log: log) {
            () throws(DecodeError) in
            try Demuxer(file, maxPixels: request.maxPixels, deadline: deadline)
        }
        var keptDamage = KeptDamage(isKept: request.recipe.keepsDamaged)
        do throws(DecodeError) {
            try packets.rejectIncomplete()
        } catch {
            try keptDamage.note(error)
        }
        let stream = packets.demuxer.stream
        let orientation = request.recipe.autorotate ? stream.orientation : .upright
        var source: ColorConverter.Input?

        func emit(
            _ slots: [Int], _ decoder: borrowing PacketDecoder
        ) throws(DecodeError) {
            let input = try unsafe converter.convert(decoder.frame, orientation: orientation)
            if slots.first == 0 { source = input }
            try lend(slots, to: frame)
        }

        let index = FrameIndex(packets.entries, stream: stream, pictures: packets.pictures)
        var frames = index.frames
        var damage = Damage()
        var fallbackReason = usesIndex ? index.doubt : "decoding everything was asked for"
        if packets.mayLackPackets { fallbackReason = "packets are marked as corrupt" }
        var plan = try? SamplePlan(request, frames: frames, timeBase: stream.timeBase)
        if let plan, fallbackReason == nil {
            fallbackReason = try Self.decode(
                plan, from: &packets, index: index, maxPixels: request.maxPixels,
                deadline: deadline, emit: emit)
        }
        if plan == nil || fallbackReason != nil {
            let (pass, actual) = try Self.decodeAll(
                &packets, request, guess: plan, keptDamage: &keptDamage, deadline: deadline,
                emit: emit)
            (frames, damage, plan) = (pass.frames, pass.damage, actual)
        }
        guard let plan, let source else { throw .noFrames }
        var receipt = ClipReceipt(
            frames: frames, plan: plan, stream: stream, source: source, orientation: orientation,
            fallbackReason: fallbackReason)
        receipt.decodeErrors = damage.refusedPackets + damage.errorMessages
        receipt.concealedFrames = damage.concealedFrames
        receipt.damage = keptDamage.found.joined(separator: "; ")
        return receipt
    }

    /// Decodes only what the frames of `plan` depend on.
    /// - Returns: What contradicted `index`; `nil` if all frames were handed on.
    private static func decode(
        _ plan: SamplePlan, from packets: inout PacketSource, index: FrameIndex, maxPixels: Int,
        deadline: Deadline,
        emit: (_ slots: [Int], borrowing PacketDecoder) throws(DecodeError) -> Void
    ) throws(DecodeError) -> String? {
        guard let table = packets.pictures else {
            return try IndexedPass(
                &packets, index: index, plan: plan, maxPixels: maxPixels, deadline: deadline,
                emit: emit
            ).mismatch
        }
        return try PicturePass(
            &packets, table: table, plan: plan, maxPixels: maxPixels, deadline: deadline, emit: emit
        ).mismatch
    }

    /// Decodes everything, and once more where the frames that come out give another plan than
    /// `guess`.
    /// - Returns: The first pass, and the plan that was carried out.
    private static func decodeAll(
        _ packets: inout PacketSource, _ request: ClipRequest, guess: SamplePlan?,
        keptDamage: inout KeptDamage, deadline: Deadline,
        emit: (_ slots: [Int], borrowing PacketDecoder) throws(DecodeError) -> Void
    ) throws(DecodeError) -> (SequentialPass, SamplePlan) {
        let pass = try SequentialPass(
            &packets, plan: guess, keepsDamaged: request.recipe.keepsDamaged,
            maxPixels: request.maxPixels, deadline: deadline, emit: emit)
        do throws(DecodeError) { try pass.rejectDamaged() } catch { try keptDamage.note(error) }
        let plan = try SamplePlan(
            request, frames: pass.frames, timeBase: packets.demuxer.stream.timeBase)
        if plan != guess {
            _ = try SequentialPass(
                &packets, plan: plan, keepsDamaged: request.recipe.keepsDamaged,
                maxPixels: request.maxPixels, deadline: deadline, emit: emit)
        }
        return (pass, plan)
    }

    /// Hands the converted picture to the caller, whose errors end the clip.
    private func lend(
        _ slots: [Int], to frame: ([Int], borrowing RGBFrame) throws -> Void
    ) throws(DecodeError) {
        do {
            try frame(slots, converter.rgb)
        } catch {
            throw .rejectedByCaller("\(error)")
        }
    }
}

/// What is wrong with a video, where damaged ones are kept.
private struct KeptDamage {
    let isKept: Bool
    private(set) var found: [String] = []

    init(isKept: Bool) { self.isKept = isKept }

    /// Notes what is wrong; anything but damage, or damage that is not to be kept, ends the clip.
    mutating func note(_ error: DecodeError) throws(DecodeError) {
        guard isKept, case .damaged(_, let text) = error else { throw error }
        found.append(text)
    }
}

extension ClipReceipt {
    /// Describes `plan`, carried out over `frames`.
    fileprivate init(
        frames: [FrameEntry], plan: SamplePlan, stream: VideoStream, source: ColorConverter.Input,
        orientation: Orientation, fallbackReason: String?
    ) {
        self.init(
            numFrames: frames.count, numFramesInWindow: plan.window.count,
            numFramesFromHeader: stream.numFramesFromHeader ?? 0, frameIndices: plan.indices,
            pts: plan.indices.map { frames[$0].pts },
            timeBase: "\(stream.timeBase.num)/\(stream.timeBase.den)",
            keyFrames: plan.indices.map { frames[$0].isKey }, decodeErrors: 0, concealedFrames: 0,
            damage: "",
            width: Int(source.width), height: Int(source.height),
            codec: unsafe String(cString: avcodec_get_name(stream.codecID)),
            pixelFormat: source.formatName, colorMatrix: source.matrixName,
            colorRange: source.isFullRange ? "full" : "limited", rotation: orientation.rotation,
            mirrored: orientation.mirrored,
            decoding: fallbackReason == nil ? .indexed : .sequential,
            fallbackReason: fallbackReason ?? "",
            ffmpegVersion: unsafe String(cString: av_version_info()))
    }
}
