import Files
import Foundation
public import Recipes

/// A model that a user can name.
///
/// A directory in Hugging Face layout, or a built-in shape with random weights.
public struct ModelDirectory: Sendable {
    /// The model's name in files that we write; never a path on this machine.
    public let name: String
    /// Shape of the frozen encoder for the pictures that it is given.
    private(set) var vision: VisionConfiguration
    /// Patches along one side of the pictures that its positions were trained for.
    let positionGridSize: Int
    /// The shape of the model's own Q-Former, if it has one.
    public let qformer: QFormerConfiguration?
    /// How pictures are preprocessed for the encoder.
    public private(set) var imageProcessor: ImageProcessorConfiguration
    /// What the model's files say of the encoder and its pictures, which `contentHash` covers.
    private let recordedConfiguration: [Data]
    /// What `resolve` takes to find the model again, from any working directory.
    public let reference: String
    let weights: WeightSource

    /// A built-in shape with random weights.
    init(preset: String) throws(ModelError) {
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

    /// The model in a directory in Hugging Face layout.
    init(directory: String, name: String, reference: String) throws(ModelError) {
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

    /// The model for pictures of `imageSize` pixels, by positions interpolated between those that
    /// it was trained with; itself if that is the size of its pictures.
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

    /// sha256 in hex over the encoder's configuration and the names and bytes of all tensors that
    /// are not, by transformers' names, those of a Q-Former or a language model.
    /// - Throws: `ModelError.file` if the weights cannot be read.
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
    /// - Throws: `ModelError.missingTensor`, `.wrongShape`, `.malformedWeights`, `.invalidValues`,
    ///   `.unknownTensors`, `.precisionUnavailable` or `.file`.
    public func makeVisionTransformer(
        precision: VisionPrecision = .float32, bfloat16Blocks: [Int] = []
    ) throws(ModelError) -> VisionTransformer {
        try VisionTransformer(
            configuration: vision, positionGridSize: positionGridSize, weights: weights,
            precision: precision, bfloat16Blocks: bfloat16Blocks)
    }

    /// The blocks of the encoder that int8 hurts on the frames `pixelValues`, Float32 (C, H, W)
    /// each: those that `bfloat16Blocks` should name.
    /// - Throws: `ModelError.missingTensor`, `.wrongShape`, `.malformedWeights`, `.invalidValues`,
    ///   `.precisionUnavailable` or `.file`.
    public func blocksHurtByInt8(pixelValues: [[Float]]) throws(ModelError) -> [Int] {
        try VisionTransformer.blocksHurtByInt8(
            configuration: vision, positionGridSize: positionGridSize, weights: weights,
            pixelValues: pixelValues)
    }
}

// MARK: - Files

extension ModelDirectory {
    /// The safetensors files of a directory: one, or the shards of an index.
    /// - Throws: `ModelError.notFound`, `.pickled`, `.invalidConfiguration`, `.malformedWeights` or
    ///   `.file`.
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
}
