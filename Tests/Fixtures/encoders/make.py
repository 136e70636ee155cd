"""Makes the small random encoders of this folder and their features; needs torch and transformers 5.

Run it in this folder: each encoder gets config.json, model.safetensors and reference.safetensors
(`pixel_values` (2, 3, S, S), `features` (2, L, D) = `last_hidden_state`).
"""
import torch
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel, CLIPVisionConfig, CLIPVisionModel, ViTConfig, ViTModel

small = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4)
text = dict(vocab_size=99, max_position_embeddings=8, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2)
clip = dict(small, image_size=56, patch_size=14)
models = {
    "clip": CLIPVisionModel(CLIPVisionConfig(**clip)),
    "vit": ViTModel(ViTConfig(**small, image_size=64, patch_size=16)),
    "clipfull": CLIPModel(CLIPConfig(vision_config=dict(clip, hidden_act="gelu"), text_config=text)),
}

torch.manual_seed(0)
for folder, model in models.items():
    model.eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            is_norm = "norm" in name.lower() or "layrnorm" in name
            parameter.normal_(1 if is_norm and name.endswith("weight") else 0, 0.1 if is_norm else 0.05)
        model.save_pretrained(folder)
        encoder = model.vision_model if folder == "clipfull" else model
        pixels = torch.randn(2, 3, encoder.config.image_size, encoder.config.image_size)
        features = encoder(pixel_values=pixels).last_hidden_state
    save_file({"pixel_values": pixels, "features": features.contiguous()}, f"{folder}/reference.safetensors")
