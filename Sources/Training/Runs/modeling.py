import math

from torch import nn
import torch
from transformers import InstructBlipConfig, InstructBlipQFormerModel, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput


class VideoClassifier(PreTrainedModel):
    """A Q-Former that reads the tokens of all frames and a prompt, and a classification head."""

    config_class = InstructBlipConfig

    def __init__(self, config):
        super().__init__(config)
        width, encoder_width = config.qformer_config.hidden_size, config.qformer_config.encoder_hidden_size
        order = getattr(config, "frame_order", None) or {}
        self.layout, self.position = order.get("layout", "joint"), order.get("position", "none")
        self.query_tokens = nn.Parameter(torch.zeros(1, config.num_query_tokens, width))
        self.qformer = InstructBlipQFormerModel(config.qformer_config)
        if self.position != "none":
            self.qformer.temporal_embeddings = nn.Embedding(32, encoder_width if self.position == "tokens" else width)
        if getattr(config, "feature_standardization", None):
            scale = self.qformer.feature_standardization = nn.Module()
            scale.register_buffer("mean", torch.zeros(encoder_width))
            scale.register_buffer("deviation", torch.ones(encoder_width))
        wide = width if self.layout == "joint" else width * order["num_frames"]
        self.classifier = nn.Sequential(
            nn.LayerNorm(wide), nn.Linear(wide, width), nn.GELU(), nn.Dropout(0.1),
            nn.Linear(width, config.num_labels),
        )
        self.post_init()

    def moments(self, times):
        """A vector for each frame, (B, T, width)."""
        phase = 2 * math.pi * times.double()[..., None] / (0.125 * 2 ** torch.arange(16, device=times.device).double())
        return torch.cat([phase.sin(), phase.cos()], -1).float() @ self.qformer.temporal_embeddings.weight

    def forward(self, features, input_ids, attention_mask=None, times=None):
        """features: the frozen encoder's tokens of B clips, (B, T, L, D)
        input_ids, attention_mask: the prompts' tokens, (B, N)
        times: seconds of each frame after the first, (B, T), unless config.frame_order has no position"""
        clips, frames, length, _ = features.shape
        tokens = features.to(self.query_tokens.dtype)
        scale = getattr(self.qformer, "feature_standardization", None)
        if scale is not None:
            tokens = (tokens - scale.mean) / scale.deviation
        moments = None if self.position == "none" else self.moments(times)[:, :, None]
        if self.position == "tokens":
            tokens = tokens + moments
        sequences = 1 if self.layout == "joint" else frames
        queries = self.query_tokens[:, None].expand(clips, sequences, -1, -1)
        if self.position == "queries":
            queries = queries + moments
        queries, tokens = queries.flatten(1, 2), tokens.flatten(1, 2)
        count = queries.shape[1]
        # Which sequence a query belongs to; a row may attend to a column where a mask is 0.
        frame = torch.arange(sequences, device=tokens.device).repeat_interleave(count // sequences)
        blocked = torch.finfo(tokens.dtype).min
        # With a prompt:
        words = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        allowed = torch.cat([words.new_ones(clips, count), words], dim=1).bool()[:, None].repeat(1, count + words.shape[1], 1)
        if self.layout == "frames":
            allowed[:, count:, :count] = False
            allowed[:, :count, :count] &= frame[:, None] == frame
        inputs = {"input_ids": input_ids, "attention_mask": (~allowed)[:, None] * blocked}
        # Without a prompt:
        inputs = {}
        if self.layout == "frames":
            inputs["attention_mask"] = (frame[:, None] != frame).expand(clips, 1, -1, -1) * blocked
        # In both cases:
        if sequences > 1:
            reads = frame[:, None] == torch.arange(frames, device=tokens.device).repeat_interleave(length)
            inputs["encoder_attention_mask"] = (~reads).expand(clips, 1, -1, -1) * blocked
        output = self.qformer(query_embeds=queries, encoder_hidden_states=tokens, **inputs).last_hidden_state
        output = output[:, :count].unflatten(1, (sequences, -1))
        if self.position == "outputs":
            output = output + moments
        return SequenceClassifierOutput(logits=self.classifier(output.mean(dim=2).flatten(1)))
