import Files
import Foundation
import Models
import Recipes
import Reports
import Training

/// Writes what the queries read: to one safetensors file, or to a folder with one file per clip and
/// one picture per prompt.
final class AttentionOutput {
    /// A question as the header lists it.
    private struct Entry: Encodable {
        /// What the names of its tensors begin with.
        let tensors: String
        let video: String
        let start: Double?
        let end: Double?
        let task: String
        let prompt: String
        let answer: String
        let probability: Double
    }

    private let path: String
    private let predictor: Predictor
    /// The file of all clips; `nil` if each has its own.
    private var file: TensorFile?
    private var entries: [Entry] = []

    /// Whether `path` stands for a file rather than a folder.
    static func isFile(_ path: String) -> Bool { path.lowercased().hasSuffix(".safetensors") }

    /// - Parameters:
    ///   - path: A name that ends in `.safetensors`, or a folder, which is made if it is missing.
    ///   - predictor: Whose answers come.
    /// - Throws: `FileError`, `ModelError.file`.
    init(path: String, of predictor: Predictor) throws {
        self.path = path
        self.predictor = predictor
        try makeDirectory(at: Self.isFile(path) ? parentDirectory(of: path) : path)
        if Self.isFile(path) { file = try TensorFile(path: path) }
    }

    /// Writes what led to `answers`.
    /// - Parameters:
    ///   - answers: The answers to all questions about the clip, with their trace.
    ///   - clip: The clip.
    ///   - number: Its number among all that is asked.
    ///   - pixels: UInt8 (C, T, H, W).
    /// - Throws: `ModelError.file`, `FileError`, `DecodeError` if the picture cannot be encoded.
    func add(
        _ answers: Predictor.Answers, about clip: AskedClip, number: Int, pixels: [UInt8]
    ) throws {
        guard let trace = answers.trace else { return }
        let name = "\(path)/\(Self.fileName(clip.clip.video, number: number))"
        let target = try file ?? TensorFile(path: name + ".safetensors")
        let numFrames = predictor.clipRecipe.numFrames
        for prompt in answers.prompts.indices {
            let prefix = "\(number).\(prompt)."
            for tensor in trace.tensors(ofClip: prompt) {
                try target.append(tensor, prefix: prefix)
            }
            let map = AttentionMap(trace.meanAttention(ofClip: prompt), numFrames: numFrames)
            guard let map else { continue }
            try target.append(
                TraceTensor(
                    "attention_map", shape: [numFrames, map.gridSize, map.gridSize], map.values),
                prefix: prefix)
            if file == nil {
                try publishFile(
                    attentionPicture(
                        pixels, imageSize: predictor.clipRecipe.imageSize, map: map),
                    at: "\(name).\(prompt).jpg")
            }
        }
        entries += zip(clip.questions, answers.candidates).map { question, candidates in
            Entry(
                tensors: "\(number).\(answers.prompts.firstIndex(of: question.prompt) ?? 0)",
                video: clip.clip.video, start: clip.clip.start, end: clip.clip.end,
                task: question.task, prompt: question.prompt, answer: candidates[0].label,
                probability: candidates[0].probability)
        }
        if file == nil { try publish(target) }
    }

    /// Makes the file of all clips appear, if all were gone through.
    /// - Throws: `ModelError.file`.
    func finish(isWhole: Bool) throws {
        if isWhole, let file { try publish(file) }
    }

    private func publish(_ file: TensorFile) throws {
        let questions = String(
            decoding: try canonicalJSON(entries, pretty: false).dropLast(), as: UTF8.self)
        try file.publish(metadata: ["questions": questions])
        entries = []
    }

    /// A name for what belongs to the clip with this number, such as `0003-park`.
    private static func fileName(_ video: String, number: Int) -> String {
        let digits = String(number)
        let stem = withoutExtension(lastComponent(of: video)).unicodeScalars.prefix(60).map {
            scalar in
            let isPlain =
                scalar.isASCII
                && (scalar.properties.isAlphabetic
                    || "0123456789_-".unicodeScalars.contains(scalar))
            return isPlain ? Character(scalar) : "_"
        }
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "-" + String(stem)
    }
}
