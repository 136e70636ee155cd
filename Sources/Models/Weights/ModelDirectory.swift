import Files
import Foundation
public import Recipes

/// A model as people have it.
///
/// A directory in Hugging Face layout, or a built-in shape with random weights.
public struct ModelDirectory: Sendable {
    /// How the model is called in what we write; never the path of this machine.
    public let name: String
    /// Shape of the frozen encoder for the pictures that it is given.
    private(set) var vision: VisionConfiguration
    /// Patches along one side of the pictures that its positions were trained for.
    let positionGridSize: Int
    /// The shape of the model's own Q-Former, if it has one.
    public let qformer: QFormerConfiguration?
    /// What pictures must go through before the encoder.
    public private(set) var imageProcessor: ImageProcessorConfiguration
    /// What the model's files say of the encoder and its pictures, which `contentHash` covers.
    private let recordedConfiguration: [Data]
    /// What `resolve` finds the model again by, from any working directory.
    public let reference: String
    let weights: WeightSource

    /// Finds the model to use.
    ///
    /// That is `reference`, else what a run or dataset `recorded`, else `$VBPREP_MODEL`, else the
    /// only directory in `modelsDirectory`. Where something is recorded, the model found must have
    /// the recorded hash.
    /// - Throws: `ModelError` if there is none, it cannot be used or is another than the recorded.
    public static func resolve(
        _ reference: String?, recorded: RecordedModel? = nil, modelsDirectory: String = "models"
    ) throws(ModelError) -> ModelDirectory {
        let environment = ProcessInfo.processInfo.environment["VBPREP_MODEL"] ?? ""
        let given = reference ?? (environment.isEmpty || recorded != nil ? nil : environment)
        guard let recorded else {
            var chosen = given
            if chosen == nil { chosen = try onlyDirectory(in: modelsDirectory) }
            return try ModelDirectory(
                reference: chosen ?? "", modelsDirectory: modelsDirectory)
        }
        // Where it was, then where it may have come to since.
        let others = [recorded.path, recorded.name] + (environment.isEmpty ? [] : [environment])
        var failure: ModelError?
        for candidate in given.map({ [$0] }) ?? others {
            do throws(ModelError) {
                let model = try ModelDirectory(
                    reference: candidate, modelsDirectory: modelsDirectory)
                let hash = try model.contentHash()
                guard hash == recorded.hash else {
                    throw .otherModel(
                        found: "\(candidate) (\(hash.prefix(12)))",
                        recorded: "\(recorded.name) (\(recorded.hash.prefix(12)))")
                }
                return model
            } catch {
                // A model that is there but another says more than one that is not.
                if case .otherModel = failure { continue }
                if case .notFound = error, given == nil {
                    failure =
                        failure
                        ?? .notFound(
                            reference: "\(recorded.name) (\(recorded.hash.prefix(12)))",
                            reason: "it was at \(recorded.path); say where it is now by --model")
                } else if case .otherModel = error {
                    failure = error
                } else {
                    failure = failure ?? error
                }
            }
        }
        throw failure ?? .ambiguous(found: [])
    }

    private static func onlyDirectory(in folder: String) throws(ModelError) -> String {
        let manager = FileManager.default
        let found = ((try? manager.contentsOfDirectory(atPath: folder)) ?? []).filter {
            manager.fileExists(atPath: "\(folder)/\($0)/config.json")
        }
        guard found.count == 1 else { throw .ambiguous(found: found.sorted()) }
        return "\(folder)/\(found[0])"
    }

    private init(reference: String, modelsDirectory: String) throws(ModelError) {
        if reference.hasPrefix("preset:") {
            try self.init(preset: reference)
            return
        }
        let manager = FileManager.default
        // A dataset records the last component only; look beside the other models too.
        for candidate in [reference, "\(modelsDirectory)/\(reference)"]
        where manager.fileExists(atPath: "\(candidate)/config.json") {
            let name = URL(fileURLWithPath: candidate).lastPathComponent
            try self.init(
                directory: candidate, name: name, reference: absolutePath(candidate))
            return
        }
        if let snapshot = Self.snapshot(of: reference) {
            try self.init(directory: snapshot, name: reference, reference: reference)
            return
        }
        let exists = manager.fileExists(atPath: reference)
        throw .notFound(
            reference: reference,
            reason: exists ? "it has no config.json" : "there is no such directory or cache entry")
    }

    private init(preset: String) throws(ModelError) {
        name = preset
        reference = preset
        weights = .random(seed: 42)
        switch preset {
        case "preset:tiny":
            vision = VisionConfiguration(
                architecture: .blip2, hiddenSize: 48, intermediateSize: 112, numHiddenLayers: 3,
                numAttentionHeads: 4, imageSize: 28, patchSize: 14, layerNormEpsilon: 1e-6)
            qformer = QFormerConfiguration(
                hiddenSize: 32, numHiddenLayers: 4, numAttentionHeads: 4, intermediateSize: 80,
                crossAttentionFrequency: 2, encoderHiddenSize: 48, numQueryTokens: 6)
        case "preset:blip2":
            vision = VisionConfiguration(
                architecture: .blip2, hiddenSize: 1408, intermediateSize: 6144, numHiddenLayers: 39,
                numAttentionHeads: 16, imageSize: 224, patchSize: 14, layerNormEpsilon: 1e-6)
            qformer = try .preset("preset:base", encoderHiddenSize: 1408)
        default:
            throw .notFound(reference: preset, reason: "presets are preset:tiny and preset:blip2")
        }
        var processor = ImageProcessorConfiguration.blip
        processor.imageSize = vision.imageSize
        imageProcessor = processor
        positionGridSize = vision.gridSize
        recordedConfiguration = Self.encoded(vision, imageProcessor)
    }

    private init(directory: String, name: String, reference: String) throws(ModelError) {
        self.name = name
        self.reference = reference
        let file = try ConfigurationFile(path: "\(directory)/config.json")
        switch file.modelType {
        case "blip-2":
            vision = try .blip2(file.section("vision_config"))
            qformer = try .blip2(
                file.section("qformer_config"),
                numQueryTokens: file.dimension("num_query_tokens", default: 32),
                readsText: file.section("qformer_config").fields["use_qformer_text_input"]
                    as? Bool == true)
        case "instructblip", "instructblipvideo":
            vision = try .blip2(file.section("vision_config"))
            qformer = try .blip2(
                file.section("qformer_config"),
                numQueryTokens: file.dimension("num_query_tokens", default: 32), readsText: true)
        case "clip":
            vision = try .clip(file.section("vision_config"))
            qformer = nil
        case "clip_vision_model":
            vision = try .clip(file)
            qformer = nil
        case "dinov2":
            vision = try .dinov2(file)
            qformer = nil
        case "vit":
            vision = try .vit(file)
            qformer = nil
        default:
            throw .unsupportedModel(path: file.path, type: file.modelType)
        }
        let processorPath = "\(directory)/preprocessor_config.json"
        if FileManager.default.fileExists(atPath: processorPath) {
            imageProcessor = try .read(ConfigurationFile(path: processorPath))
        } else {
            var processor = ImageProcessorConfiguration.blip
            processor.imageSize = vision.imageSize
            imageProcessor = processor
        }
        recordedConfiguration = Self.encoded(vision, imageProcessor)
        positionGridSize = vision.gridSize
        // DINOv2 is trained on larger pictures than it is given.
        if vision.architecture == .dinov2 { vision.imageSize = imageProcessor.imageSize }
        guard imageProcessor.imageSize == vision.imageSize else {
            throw .invalidConfiguration(
                path: processorPath,
                reason: "its pictures have \(imageProcessor.imageSize) pixels, "
                    + "the encoder wants \(vision.imageSize)")
        }
        weights = try .files(
            WeightFiles(Self.weightFiles(in: directory), path: directory))
    }

    private static func encoded(
        _ vision: VisionConfiguration, _ processor: ImageProcessorConfiguration
    ) -> [Data] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return [try? encoder.encode(vision), try? encoder.encode(processor)].map { $0 ?? Data() }
    }

    /// The model for pictures of `imageSize` pixels, by positions interpolated between those that it
    /// was trained with; itself if that is the size of its pictures.
    /// - Throws: `ModelError.invalidPictureSize` if patches do not fill such pictures.
    public func interpolatingPositions(to imageSize: Int) throws(ModelError) -> ModelDirectory {
        guard imageSize.isMultiple(of: vision.patchSize), imageSize > 0 else {
            throw .invalidPictureSize(imageSize, patchSize: vision.patchSize)
        }
        var model = self
        model.vision.imageSize = imageSize
        model.imageProcessor.imageSize = imageSize
        return model
    }

    /// sha256 in hex over the encoder's configuration and weights.
    public func contentHash() throws(ModelError) -> String {
        var checksum = Checksum()
        for part in recordedConfiguration { checksum.update([UInt8](part)) }
        switch weights {
        case .random(let seed):
            checksum.update(Array("random \(seed)".utf8))
        case .files(let files):
            for file in files.files {
                for name in file.names
                where !name.hasPrefix("qformer.") && !name.hasPrefix("language_")
                    && name != "query_tokens"
                {
                    checksum.update(Array(name.utf8))
                    try file.update(&checksum, with: name)
                }
            }
        }
        return checksum.hex
    }

    /// Whether the model is a built-in shape, whose weights mean nothing.
    public var hasRandomWeights: Bool { path == nil }

    /// The directory of the model's files; `nil` if it is a built-in shape.
    private var path: String? {
        guard case .files(let files) = weights else { return nil }
        return files.path
    }

    /// Paths of the tokenizer's files.
    public var tokenizerFiles: [String] { path.map(Self.tokenizerFiles) ?? [] }

    /// Width of a frame token.
    public var encoderWidth: Int { vision.hiddenSize }

    /// Loads the frozen encoder; in int8, with `bfloat16Blocks` in bfloat16.
    /// - Throws: `ModelError` if a tensor is missing, has another shape or is not finite.
    public func makeVisionTransformer(
        precision: VisionPrecision = .float32, bfloat16Blocks: [Int] = []
    ) throws(ModelError) -> VisionTransformer {
        try VisionTransformer(
            configuration: vision, positionGridSize: positionGridSize, weights: weights,
            precision: precision, bfloat16Blocks: bfloat16Blocks)
    }

    /// The blocks of the encoder that int8 hurts on the frames `pixelValues`, Float32 (C, H, W)
    /// each: those that `bfloat16Blocks` should name.
    /// - Throws: `ModelError` if a tensor is missing, has another shape or is not finite, or the
    ///   processor has no fast int8 or bfloat16.
    public func blocksHurtByInt8(pixelValues: [[Float]]) throws(ModelError) -> [Int] {
        try VisionTransformer.blocksHurtByInt8(
            configuration: vision, positionGridSize: positionGridSize, weights: weights,
            pixelValues: pixelValues)
    }
}

// MARK: - Files

extension ModelDirectory {
    /// The safetensors files of a directory: one, or the shards of an index.
    static func weightFiles(in directory: String) throws(ModelError) -> [SafetensorsFile] {
        let manager = FileManager.default
        let single = "\(directory)/model.safetensors"
        if manager.fileExists(atPath: single) { return [try SafetensorsFile(path: single)] }
        let indexPath = single + ".index.json"
        guard manager.fileExists(atPath: indexPath) else {
            let names = (try? manager.contentsOfDirectory(atPath: directory)) ?? []
            if names.contains(where: { $0.hasSuffix(".bin") || $0.hasSuffix(".pt") }) {
                throw .pickled(path: directory)
            }
            throw .notFound(reference: directory, reason: "it has no model.safetensors")
        }
        let map = try ConfigurationFile(path: indexPath).section("weight_map").fields
        var files: [SafetensorsFile] = []
        for shard in Set(map.values.compactMap { $0 as? String }).sorted() {
            guard !shard.contains("/"), !shard.hasPrefix(".") else {
                throw .invalidConfiguration(
                    path: indexPath, reason: "the shard `\(shard)` lies outside the directory")
            }
            files.append(try SafetensorsFile(path: "\(directory)/\(shard)"))
        }
        return files
    }

    /// Paths of the tokenizer's files in `directory`, or in its folder `qformer_tokenizer`.
    static func tokenizerFiles(in directory: String) -> [String] {
        let names = ["vocab.txt", "tokenizer.json", "tokenizer_config.json"]
        let found = ["\(directory)/qformer_tokenizer", directory].map { folder in
            names.map { "\(folder)/\($0)" }.filter(FileManager.default.fileExists(atPath:))
        }
        return found.first { !$0.isEmpty } ?? []
    }

    /// The newest snapshot of `owner/name` in the local Hugging Face cache.
    private static func snapshot(of reference: String) -> String? {
        let parts = reference.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") }) else {
            return nil
        }
        let environment = ProcessInfo.processInfo.environment
        let home = environment["HF_HOME"] ?? "\(NSHomeDirectory())/.cache/huggingface"
        let folder = "\(home)/hub/models--\(parts[0])--\(parts[1])"
        let manager = FileManager.default
        if let revision = try? readFile("\(folder)/refs/main", maximumSize: 1024) {
            let commit = String(decoding: revision, as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            let path = "\(folder)/snapshots/\(commit)"
            if manager.fileExists(atPath: "\(path)/config.json") { return path }
        }
        let snapshots = (try? manager.contentsOfDirectory(atPath: "\(folder)/snapshots")) ?? []
        return snapshots.sorted().map { "\(folder)/snapshots/\($0)" }
            .last { manager.fileExists(atPath: "\($0)/config.json") }
    }
}
