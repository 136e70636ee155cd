"""Writes what transformers' Q-Formers return with `output_attentions` and `output_hidden_states`, for the models in this folder.

Needs: torch, transformers, safetensors. Reads config.json, model.safetensors and reference.safetensors of each model, writes attention.safetensors.
    python make_attention.py [--folder DIR]
README.md beside this file says what each tensor is.
"""
import argparse
from pathlib import Path
import torch
from safetensors.torch import load_file, save_file
from transformers import Blip2Config, InstructBlipConfig
from transformers.models.blip_2.modeling_blip_2 import Blip2QFormerModel
from transformers.models.instructblip.modeling_instructblip import InstructBlipQFormerModel

ap = argparse.ArgumentParser(); ap.add_argument("--folder", default=str(Path(__file__).parent)); a = ap.parse_args()
torch.set_num_threads(1)

for folder in sorted(path.parent for path in Path(a.folder).glob("*/reference.safetensors")):
    weights, reference = load_file(folder / "model.safetensors"), load_file(folder / "reference.safetensors")
    text = "qformer_input_ids" in reference
    cfg = (InstructBlipConfig if text else Blip2Config).from_pretrained(folder).qformer_config
    cfg._attn_implementation = "eager"
    qformer = (InstructBlipQFormerModel if text else Blip2QFormerModel)(cfg).eval()
    qformer.load_state_dict({name.removeprefix("qformer."): t for name, t in weights.items() if name.startswith("qformer.")})
    emb = reference["frame_embeds"]; q = weights["query_tokens"].expand(len(emb), -1, -1)
    more = {}
    if text:
        mask = torch.cat([torch.ones(q.shape[:2], dtype=torch.long), reference["qformer_attention_mask"]], 1)
        more = {"input_ids": reference["qformer_input_ids"], "attention_mask": mask}
    with torch.no_grad():
        out = qformer(query_embeds=q, encoder_hidden_states=emb, encoder_attention_mask=torch.ones(emb.shape[:2], dtype=torch.long),
                      output_attentions=True, output_hidden_states=True, return_dict=True, **more)
    difference = (out.last_hidden_state[:, : q.shape[1]] - reference["query_output"]).abs().max()
    assert difference < 1e-5, f"{folder.name}: not the model of reference.safetensors, {difference}"
    cross = torch.stack([layer for layer in out.cross_attentions if layer is not None], 1)
    states = torch.stack(out.hidden_states, 1)
    save_file({"cross_attentions": cross.contiguous(), "hidden_states": states.contiguous()}, folder / "attention.safetensors")
    print(folder.name, "cross_attentions", list(cross.shape), "hidden_states", list(states.shape), f"query output differs by {difference:.1e}")
