"""BLIP-2's frozen ViT in PyTorch with random weights: time per frame as one line of JSON.

usage: encode.py float32|bfloat16 FRAMES THREADS
"""
import json
import sys
import time

import torch
from transformers import Blip2VisionConfig, Blip2VisionModel

precision, frames, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.set_default_dtype(getattr(torch, precision))
torch.manual_seed(42)
model = Blip2VisionModel(Blip2VisionConfig(initializer_range=0.02)).eval()
pixels = torch.randn(frames, 3, 224, 224)
with torch.inference_mode():
    model(pixels)
    start = time.perf_counter()
    model(pixels)
    seconds = time.perf_counter() - start
print(json.dumps({"frames_per_second": frames / seconds, "seconds_per_frame": seconds / frames}))
