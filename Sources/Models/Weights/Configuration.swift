import Files
import Foundation
public import Recipes

/// What an image processor does to a picture before the encoder sees it.
public struct ImageProcessorConfiguration: Sendable, Codable, Equatable {
    /// Height and width in pixels.
    public var imageSize: Int
    /// Mean of each channel, red, green and blue, of pixels scaled by `rescaleFactor`.
    public var imageMean: [Float]
    /// Standard deviation of each channel, in the same scale; positive.
    public var imageStd: [Float]
    /// Factor that brings 0…255 to 0…1: 1/255 for BLIP.
    public var rescaleFactor: Double
    /// Pillow's number of the filter; 3 is bicubic.
    public var resample: Int
    /// How a picture becomes a square.
    public var resize = ResizeMode.squash

    /// The BLIP image processor's defaults.
    ///
    /// Source: transformers, `BlipImageProcessor`.
    public static let blip = ImageProcessorConfiguration(
        imageSize: 224, imageMean: [0.481_454_66, 0.457_827_5, 0.408_210_73],
        imageStd: [0.268_629_54, 0.261_302_58, 0.275_777_11], rescaleFactor: 1 / 255, resample: 3)
}

/// The shape of a frozen vision transformer.
struct VisionConfiguration: Sendable, Codable, Equatable {
    /// How a checkpoint names and lays out its tensors.
    enum Architecture: String, Sendable, Codable {
        /// Fused query, key and value; final norm `post_layernorm`.
        case blip2 = "blip_2_vision_model"
        /// Separate query, key and value; LayerScale; final norm `layernorm`.
        case dinov2
        /// Separate query, key and value; a norm before the blocks, none after them.
        case clip = "clip_vision_model"
        /// Separate query, key and value; final norm `layernorm`.
        case vit
    }

    var architecture: Architecture
    /// Width of a token, D.
    var hiddenSize: Int
    /// Width of the MLP, I.
    var intermediateSize: Int
    var numHiddenLayers: Int
    /// Heads, which divide D.
    var numAttentionHeads: Int
    /// Height and width of a frame in pixels.
    var imageSize: Int
    /// Height and width of a patch in pixels, P.
    var patchSize: Int
    var layerNormEpsilon: Float
    /// The MLP's nonlinearity.
    var activation = VisionActivation.gelu

    /// Patches along one side.
    var gridSize: Int { imageSize / patchSize }
    /// Tokens per frame, L: the patches and CLS.
    var numTokens: Int { gridSize * gridSize + 1 }
    /// Elements of a patch.
    var patchElements: Int { 3 * patchSize * patchSize }

    /// Floating-point operations of one frame's matrix products.
    var flopsPerFrame: Int {
        let block =
            4 * numTokens * hiddenSize * hiddenSize + 2 * numTokens * numTokens * hiddenSize
            + 2 * numTokens * hiddenSize * intermediateSize
        return 2 * (numHiddenLayers * block + (numTokens - 1) * patchElements * hiddenSize)
    }
}

/// The nonlinearity between the two products of an MLP, as `hidden_act` calls it.
enum VisionActivation: String, Sendable, Codable {
    /// With the error function.
    case gelu
    /// x·sigmoid(1.702·x).
    case quickGELU = "quick_gelu"
}

/// The shape of a Q-Former.
public struct QFormerConfiguration: Sendable, Codable, Equatable {
    /// Width of a query token.
    public var hiddenSize: Int
    /// Layers of self-attention, cross-attention in some, and MLP.
    public var numHiddenLayers: Int
    /// Heads of self- and cross-attention, which divide `hiddenSize`.
    public var numAttentionHeads: Int
    /// Width of the MLP.
    public var intermediateSize: Int
    /// Layers whose index is a multiple of this attend to the frame tokens.
    public var crossAttentionFrequency: Int
    /// Width of a frame token, E.
    public var encoderHiddenSize: Int
    /// ε of all layer norms but the head's.
    public var layerNormEpsilon: Float
    /// Learned query tokens, Q.
    public var numQueryTokens: Int
    /// How it reads prompts; `nil` if it reads none.
    public var text: Text?
    /// How it keeps frames apart and in order; `nil` for one joint sequence without order.
    public var frameOrder: FrameOrder?
    /// How frame tokens are scaled before they are read; `nil` if they are read as they are.
    public var standardization: FeatureStandardization?

    /// The embeddings of prompts.
    public struct Text: Sendable, Codable, Equatable {
        /// Rows of the word embeddings.
        public var vocabularySize: Int
        /// Tokens of a prompt, at most.
        public var maxPositions: Int
    }

    /// Creates the shape from its parts.
    public init(
        hiddenSize: Int, numHiddenLayers: Int, numAttentionHeads: Int, intermediateSize: Int,
        crossAttentionFrequency: Int, encoderHiddenSize: Int, layerNormEpsilon: Float = 1e-12,
        numQueryTokens: Int, text: Text? = nil, frameOrder: FrameOrder? = nil,
        standardization: FeatureStandardization? = nil
    ) {
        self.text = text
        self.frameOrder = frameOrder
        self.standardization = standardization
        self.hiddenSize = hiddenSize
        self.numHiddenLayers = numHiddenLayers
        self.numAttentionHeads = numAttentionHeads
        self.intermediateSize = intermediateSize
        self.crossAttentionFrequency = crossAttentionFrequency
        self.encoderHiddenSize = encoderHiddenSize
        self.layerNormEpsilon = layerNormEpsilon
        self.numQueryTokens = numQueryTokens
    }
}

/// A `config.json` whose fields are looked up with the class defaults of transformers.
struct ConfigurationFile {
    let path: String
    let fields: [String: Any]

    /// No dimension of a real model comes near this.
    ///
    /// Larger ones are refused before anything is allocated.
    private static let maximumDimension = 1 << 20

    init(path: String) throws(ModelError) {
        self.path = path
        let bytes = try onDisk { () throws(FileError) in
            try readFile(path, maximumSize: 1 << 24)
        }
        guard let fields = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        else { throw .invalidConfiguration(path: path, reason: "it is not a JSON object") }
        self.fields = fields
    }

    private init(path: String, fields: [String: Any]) {
        self.path = path
        self.fields = fields
    }

    var modelType: String { fields["model_type"] as? String ?? "" }

    /// The object called `name`; empty if it is missing.
    func section(_ name: String) -> ConfigurationFile {
        ConfigurationFile(path: path, fields: fields[name] as? [String: Any] ?? [:])
    }

    /// The field `name`, an integer from 1 to 2²⁰.
    /// - Throws: `ModelError.invalidConfiguration`.
    func dimension(_ name: String, default value: Int) throws(ModelError) -> Int {
        guard let field = fields[name], !(field is NSNull) else { return value }
        guard let number = field as? Int, 1...Self.maximumDimension ~= number else {
            throw .invalidConfiguration(path: path, reason: "`\(name)` is \(field)")
        }
        return number
    }

    /// The field `name`, a finite number.
    /// - Throws: `ModelError.invalidConfiguration`.
    func number(_ name: String, default value: Double) throws(ModelError) -> Double {
        guard let field = fields[name], !(field is NSNull) else { return value }
        guard let number = field as? Double, number.isFinite else {
            throw .invalidConfiguration(path: path, reason: "`\(name)` is \(field)")
        }
        return number
    }

    /// The field `name`, as many finite numbers as `values`.
    /// - Throws: `ModelError.invalidConfiguration`.
    func numbers(_ name: String, default values: [Float]) throws(ModelError) -> [Float] {
        guard let field = fields[name], !(field is NSNull) else { return values }
        let numbers = (field as? [Double])?.map { Float($0) }
        guard let numbers, numbers.count == values.count, numbers.allSatisfy(\.isFinite) else {
            throw .invalidConfiguration(path: path, reason: "`\(name)` is \(field)")
        }
        return numbers
    }

    /// The ε of layer norms: what is added to a variance, so neither negative nor large.
    func layerNormEpsilon(default value: Double) throws(ModelError) -> Float {
        let name = "layer_norm_eps"
        let number = try number(name, default: value)
        guard number > 0, number <= 1 else {
            throw .invalidConfiguration(path: path, reason: "`\(name)` is \(number)")
        }
        return Float(number)
    }

    /// Checks that the field `name` is one of the texts `allowed`.
    /// - Throws: `ModelError.invalidConfiguration`.
    func require(
        _ name: String, oneOf allowed: [String], default value: String
    ) throws(ModelError) {
        let found = fields[name] as? String ?? value
        guard allowed.contains(found) else {
            throw .invalidConfiguration(
                path: path, reason: "`\(name)` is `\(found)`, not \(allowed)")
        }
    }
}
