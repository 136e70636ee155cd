/// `modeling.py` of a run's model: what `AutoModel.from_pretrained(…, trust_remote_code=True)` and
/// plain PyTorch load the weights into.
struct ModelingFile {
    /// Name of the file.
    static let name = "\(moduleName).py"
    /// Name of the Python module.
    static let moduleName = "modeling"
    /// Name of the class in it.
    static let className = "VideoClassifier"

    private let readsText: Bool

    /// The file for a Q-Former that reads prompts, as InstructBLIP's, or none, as BLIP-2's.
    init(readsText: Bool) { self.readsText = readsText }

    /// Its content.
    ///
    /// The template is the file with prompts; comments in it enclose the lines that only one kind of
    /// Q-Former has. Frames that a query reads apart are one sequence there, and masks keep them apart.
    /// Source: transformers, `Blip2QFormerModel` and `InstructBlipQFormerModel`; what keeps frames
    /// apart is described at `FrameOrder`.
    var text: String {
        var lines: [Substring] = []
        var isKept = true
        let template = String(decoding: PackageResources.modeling_py, as: UTF8.self)
        for line in template.split(separator: "\n", omittingEmptySubsequences: false) {
            switch line.drop(while: { $0 == " " }) {
            case "# With a prompt:": isKept = readsText
            case "# Without a prompt:": isKept = !readsText
            case "# In both cases:": isKept = true
            default: if isKept { lines.append(line) }
            }
        }
        let text = lines.joined(separator: "\n")
        if readsText { return text }
        return text.replacing("InstructBlip", with: "Blip2")
            .replacing(" and a prompt", with: "")
            .replacing(", input_ids, attention_mask=None", with: "")
            .replacing(
                "\n        input_ids, attention_mask: the prompts' tokens, (B, N)", with: "")
    }
}
