"""One Q-Former training step of the usual code on cached features: BLIP-2's shape, 8 clips of 8 frames.

Usage: train.py float32|bfloat16 STEPS; prints one JSON object. bfloat16 means autocast.
"""
import contextlib
import json
import statistics
import sys
import time

import torch
from torch import nn
from transformers import Blip2QFormerConfig, Blip2QFormerModel

precision, steps = sys.argv[1], int(sys.argv[2])
torch.manual_seed(0)
configuration = Blip2QFormerConfig(encoder_hidden_size=1408)
qformer = Blip2QFormerModel(configuration).train()
queries = nn.Parameter(torch.randn(1, 32, 768) * 0.02)
head = nn.Sequential(nn.LayerNorm(768), nn.Linear(768, 768), nn.GELU(), nn.Dropout(0.1), nn.Linear(768, 8)).train()
parameters = [*qformer.parameters(), queries, *head.parameters()]
optimizer = torch.optim.AdamW(parameters, lr=1e-4)
features, labels = torch.randn(8, 8 * 257, 1408), torch.arange(8)
mask = torch.ones(8, 8 * 257, dtype=torch.long)
times = []
for _ in range(steps + 1):
    start = time.time()
    autocast = torch.autocast("cpu", dtype=torch.bfloat16) if precision == "bfloat16" else contextlib.nullcontext()
    with autocast:
        output = qformer(query_embeds=queries.expand(8, -1, -1), encoder_hidden_states=features,
                         encoder_attention_mask=mask).last_hidden_state
        loss = nn.functional.cross_entropy(head(output.mean(1)).float(), labels)
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    optimizer.zero_grad()
    times.append(time.time() - start)
seconds = statistics.median(times[1:])
print(json.dumps({"seconds": seconds, "clips_per_second": 8 / seconds}))
