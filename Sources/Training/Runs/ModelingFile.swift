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
    /// Source: transformers, `Blip2QFormerModel` and `InstructBlipQFormerModel`.
    var text: String {
        let family = readsText ? "InstructBlip" : "Blip2"
        let prompt = readsText ? ", input_ids, attention_mask=None" : ""
        let argument =
            readsText ? "\n        input_ids, attention_mask: the prompts' tokens, (B, N)" : ""
        let textInput =
            readsText
            ? """

                    mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
                    mask = torch.cat([mask.new_ones(queries.shape[:2]), mask], dim=1)
                    text = {"input_ids": input_ids, "attention_mask": mask}
            """ : ""
        let textArgument = readsText ? ", **text" : ""
        return """
            from torch import nn
            import torch
            from transformers import \(family)Config, \(family)QFormerModel, PreTrainedModel
            from transformers.modeling_outputs import SequenceClassifierOutput


            class \(Self.className)(PreTrainedModel):
                \"""A Q-Former that reads the tokens of all frames\(readsText ? " and a prompt" : ""), and a classification head.\"""

                config_class = \(family)Config

                def __init__(self, config):
                    super().__init__(config)
                    width = config.qformer_config.hidden_size
                    self.query_tokens = nn.Parameter(torch.zeros(1, config.num_query_tokens, width))
                    self.qformer = \(family)QFormerModel(config.qformer_config)
                    self.classifier = nn.Sequential(
                        nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Dropout(0.1),
                        nn.Linear(width, config.num_labels),
                    )
                    self.post_init()

                def forward(self, features\(prompt)):
                    \"""features: the frozen encoder's tokens of B clips, (B, T, L, D)\(argument)\"""
                    tokens = features.flatten(1, 2).to(self.query_tokens.dtype)
                    queries = self.query_tokens.expand(len(tokens), -1, -1)\(textInput)
                    output = self.qformer(query_embeds=queries, encoder_hidden_states=tokens\(textArgument)).last_hidden_state
                    logits = self.classifier(output[:, : queries.shape[1]].mean(dim=1))
                    return SequenceClassifierOutput(logits=logits)

            """
    }
}
