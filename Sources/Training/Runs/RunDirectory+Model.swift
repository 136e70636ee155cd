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
        let contents = try describingFiles(imageProcessor, tokenizerFiles)
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

    /// What stands beside the weights, by name; the tokenizer's files as they are.
    private func describingFiles(
        _ imageProcessor: ImageProcessorConfiguration, _ tokenizerFiles: [String]
    ) throws -> [String: [UInt8]] {
        let code = ModelingFile(readsText: configuration.qformer.text != nil)
        var contents = [
            "config.json": try canonicalJSON(HuggingFaceConfiguration(of: configuration)),
            ModelingFile.name: Array(code.text.utf8),
            "classes.json": try canonicalJSON(configuration.outputs.names),
            "preprocessor_config.json": try canonicalJSON(
                HuggingFacePreprocessor(of: imageProcessor)),
        ]
        for file in tokenizerFiles where fileExists(file) {
            contents[lastComponent(of: file)] = try readFile(file)
        }
        return contents
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
