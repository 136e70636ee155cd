import Files
import Foundation
public import Models
import Recipes

// The folder `model/` of a run: the best weights, as other programs load them.
extension RunDirectory {
    /// Writes `model/`: weights under their Hugging Face names, configuration, classes,
    /// preprocessing.
    /// - Throws: `FileError.cannotCreate`, `.encoding` or `.system`; `ModelError.file`.
    public func save(
        _ model: VideoClassifier, imageProcessor: ImageProcessorConfiguration,
        tokenizerFiles: [String] = []
    ) throws {
        struct HuggingFaceConfiguration: Encodable {
            struct QFormerSection: Encodable {
                let modelType: String
                let vocabSize: Int?
                let maxPositionEmbeddings: Int?
                let hiddenSize: Int
                let numHiddenLayers: Int
                let numAttentionHeads: Int
                let intermediateSize: Int
                let crossAttentionFrequency: Int
                let encoderHiddenSize: Int
                let layerNormEps: Float
                let useQformerTextInput = false
            }
            let modelType: String
            let numQueryTokens: Int
            let qformerConfig: QFormerSection
            let frameOrder: FrameOrder?
            let featureStandardization: FeatureStandardization?
            let numLabels: Int
            let visionEncoder: VisionEncoder
            /// transformers takes the width of the frame tokens from here.
            let visionConfig: [String: Int]
            let architectures = [ModelingFile.className]
            let autoMap = ["AutoModel": "\(ModelingFile.moduleName).\(ModelingFile.className)"]
            let id2label: [String: String]
            let label2id: [String: Int]
        }
        struct VisionEncoder: Encodable {
            let model: String
            let recipe: FeatureRecipe
        }
        struct Preprocessor: Encodable {
            struct Size: Encodable {
                let height: Int
                let width: Int
            }
            let imageProcessorType = "BlipImageProcessor"
            let imageMean: [Float]
            let imageStd: [Float]
            let rescaleFactor: Double
            let resample: Int
            let size: Size
        }
        let shape = configuration.qformer
        let names = configuration.outputs.names
        let files: [(String, [UInt8])] = [
            (
                "config.json",
                try canonicalJSON(
                    HuggingFaceConfiguration(
                        modelType: shape.text == nil ? "blip-2" : "instructblip",
                        numQueryTokens: shape.numQueryTokens,
                        qformerConfig: .init(
                            modelType: shape.text == nil
                                ? "blip_2_qformer" : "instructblip_qformer",
                            vocabSize: shape.text?.vocabularySize,
                            maxPositionEmbeddings: shape.text?.maxPositions,
                            hiddenSize: shape.hiddenSize, numHiddenLayers: shape.numHiddenLayers,
                            numAttentionHeads: shape.numAttentionHeads,
                            intermediateSize: shape.intermediateSize,
                            crossAttentionFrequency: shape.crossAttentionFrequency,
                            encoderHiddenSize: shape.encoderHiddenSize,
                            layerNormEps: shape.layerNormEpsilon),
                        frameOrder: shape.frameOrder,
                        featureStandardization: shape.standardization,
                        numLabels: configuration.outputs.count,
                        visionEncoder: VisionEncoder(
                            model: configuration.model, recipe: configuration.featureRecipe),
                        visionConfig: ["hidden_size": shape.encoderHiddenSize],
                        id2label: Dictionary(
                            uniqueKeysWithValues: names.enumerated().map { ("\($0)", $1) }),
                        label2id: Dictionary(
                            names.enumerated().map { ($1, $0) },
                            uniquingKeysWith: { first, _ in first })))
            ),
            (ModelingFile.name, Array(ModelingFile(readsText: shape.text != nil).text.utf8)),
            ("classes.json", try canonicalJSON(configuration.outputs.names)),
            (
                "preprocessor_config.json",
                try canonicalJSON(
                    Preprocessor(
                        imageMean: imageProcessor.imageMean, imageStd: imageProcessor.imageStd,
                        rescaleFactor: imageProcessor.rescaleFactor,
                        resample: imageProcessor.resample,
                        size: .init(
                            height: imageProcessor.imageSize, width: imageProcessor.imageSize)))
            ),
        ]
        var contents = Dictionary(uniqueKeysWithValues: files)
        for file in tokenizerFiles where fileExists(file) {
            contents[lastComponent(of: file)] = try readFile(file)
        }
        let temporary = weightsPath + ".new"
        var hashes = contents.mapValues { sha256Hex($0) }
        hashes[lastComponent(of: weightsPath)] = try writeSafetensors(
            model.store.parameters, parts: [("", model.store.values)], to: temporary)
        try checksums.publish(hashes) { () throws(FileError) in
            for (name, bytes) in contents { try publishFile(bytes, at: "\(path)/model/\(name)") }
            try moveFile(from: temporary, to: weightsPath)
        }
        // The card is written anew with every evaluation, so the checksums leave it out.
        try ModelCard(of: self).publish()
    }

    private var checksums: ChecksumFile { ChecksumFile(of: "\(path)/model") }

    /// The model with the best weights.
    /// - Throws: `TrainingError.notARun` if there are none yet; `FileError.damaged` or `.system`;
    ///   `ModelError`, as `VideoClassifier.load`.
    public func loadModel() throws -> VideoClassifier {
        try VideoClassifier(
            configuration: configuration.qformer, numClasses: configuration.outputs.count,
            file: weightsFile())
    }

    /// Replaces the weights of `model`, which has the same shape, by the best ones.
    /// - Throws: as `loadModel()`.
    public func loadModel(into model: inout VideoClassifier) throws {
        try model.load(from: weightsFile())
    }

    /// 12 hex digits that tell the run's best weights, its encoder and its recipes from all others.
    /// - Throws: `FileError.system` if there are no weights.
    public func modelIdentity() throws -> String {
        struct Identity: Encodable {
            let weights: String
            let clips: ClipRecipe
            let features: FeatureRecipe
        }
        let identity = Identity(
            weights: try sha256Hex(ofFile: weightsPath), clips: configuration.clipRecipe,
            features: configuration.featureRecipe)
        return String(sha256Hex(try canonicalJSON(identity)).prefix(12))
    }

    private func weightsFile() throws -> SafetensorsFile {
        guard fileExists(weightsPath) else {
            throw TrainingError.notARun(path: path, reason: "it has no model/model.safetensors")
        }
        try checksums.verify(lastComponent(of: weightsPath))
        return try SafetensorsFile(path: weightsPath)
    }

    /// How the run's model reads clips.
    /// - Throws: `TrainingError.noTokenizer`; `FileError.damaged` or `.system` if the tokenizer is
    ///   not as it was written; `ModelError`, as `WordPieceTokenizer`.
    public func reading(prompt: String? = nil) throws -> ClipReading {
        var tokenizer: WordPieceTokenizer?
        if configuration.qformer.text != nil {
            let folder = "\(path)/model"
            if let file = WordPieceTokenizer.file(in: folder) {
                try checksums.verify(String(file.dropFirst(folder.count + 1)))
                tokenizer = try WordPieceTokenizer(path: file)
            }
        }
        return try ClipReading(
            precision: configuration.options.precision, qformer: configuration.qformer,
            tokenizer: tokenizer, defaultPrompt: prompt ?? configuration.options.prompt)
    }
}
