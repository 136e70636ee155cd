public import Files

/// Why a model cannot be found, read or written.
public enum ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    case notFound(reference: String, reason: String)
    case ambiguous(found: [String])
    /// Not the model that a run or a dataset was made with.
    case otherModel(found: String, recorded: String)
    case pickled(path: String)
    case invalidConfiguration(path: String, reason: String)
    case unsupportedModel(path: String, type: String)
    case malformedWeights(path: String, reason: String)
    case missingTensor(name: String, path: String, expected: [Int])
    case wrongShape(name: String, path: String, found: [Int], expected: [Int])
    case invalidValues(name: String, path: String)
    /// Pictures whose size is not a multiple of the patch size.
    case invalidPictureSize(Int, patchSize: Int)
    case precisionUnavailable(String, reason: String)
    /// Tensors that are neither read nor ignored for a reason.
    case unknownTensors(names: [String], path: String)
    case file(FileError)

    /// What is wrong and, where something helps, what to do about it.
    public var description: String {
        switch self {
        case .notFound(let reference, let reason):
            "The model `\(reference)` was not found: \(reason). "
                + "Name a directory with config.json and *.safetensors, an owner/name of the local "
                + "Hugging Face cache, or preset:tiny or preset:blip2."
        case .ambiguous(let found):
            "No model was named, and models/ holds "
                + "\(found.isEmpty ? "none" : found.joined(separator: ", ")). "
                + "Give `--model DIR`, set VBPREP_MODEL, or fetch one, as by "
                + "`hf download facebook/dinov2-small --local-dir models/dinov2-small`."
        case .otherModel(let found, let recorded):
            "The model \(found) is not \(recorded), which this was made with. "
                + "Name that one with `--model DIR`."
        case .pickled(let path):
            "\(path) holds pickled weights only (.bin or .pt), "
                + "and loading a pickle can run any code. "
                + "Convert them once with safetensors.torch.save_file and keep model.safetensors."
        case .invalidConfiguration(let path, let reason):
            "\(path) cannot be used: \(reason)."
        case .unsupportedModel(let path, let type):
            "\(path) describes a model of type `\(type)`; "
                + "blip-2, instructblip, instructblipvideo, clip, vit and dinov2 are built in."
        case .malformedWeights(let path, let reason):
            "\(path) is not a valid safetensors file: \(reason). Download or convert it again."
        case .missingTensor(let name, let path, let expected):
            "\(path) has no tensor `\(name)`, which should have the shape \(expected)."
        case .wrongShape(let name, let path, let found, let expected):
            "The tensor `\(name)` in \(path) has the shape \(found), "
                + "but the configuration asks for \(expected)."
        case .invalidValues(let name, let path):
            "The tensor `\(name)` in \(path) holds values that are not finite."
        case .invalidPictureSize(let size, let patchSize):
            "Patches of \(patchSize) pixels do not divide pictures of \(size). Build the dataset "
                + "with an --image-size that is a multiple of \(patchSize)."
        case .precisionUnavailable(let precision, let reason):
            "This processor cannot compute in \(precision): \(reason). Use --precision float32."
        case .unknownTensors(let names, let path):
            "\(path) has \(counted(names.count, "tensor")) that this kind of model does not have ("
                + names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
                + "), without which it would be another model. Check that config.json describes "
                + "these weights, or convert them to the layout of transformers."
        case .file(let error):
            error.description
        }
    }
}

/// Runs `body`, whose failure becomes `ModelError.file`.
func onDisk<Value>(_ body: () throws(FileError) -> Value) throws(ModelError) -> Value {
    do throws(FileError) {
        return try body()
    } catch {
        throw .file(error)
    }
}
