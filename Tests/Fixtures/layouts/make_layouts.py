"""Writes the reference data in this folder with a PyTorch Q-Former that keeps the frames of a clip apart.

Needs: torch, safetensors, and the directory of that Q-Former's file `qformer.py`. Run once; the results are data and are kept.
    python make_layouts.py REFERENCE [--out DIR] [--seed N]
README.md beside this file says what each tensor is.
"""
import argparse, math, sys
from pathlib import Path
import torch, torch.nn as nn
from safetensors.torch import save_file

ap = argparse.ArgumentParser(); ap.add_argument("reference")
ap.add_argument("--out", default=str(Path(__file__).parent)); ap.add_argument("--seed", type=int, default=20261125)
a = ap.parse_args(); sys.path.insert(0, a.reference)
from qformer import QFormer

torch.set_num_threads(1)
B, T, L, D, WIDTH, HEADS, QUERIES, CLASSES, VOCABULARY, POSITIONS, STEPS = 3, 4, 3, 10, 12, 2, 3, 4, 30, 8, 8


def features(times):
    """phi(t): sines, then cosines, at periods of 1/8 second and its 15 doublings."""
    phase = 2 * math.pi * times.double()[..., None] / (0.125 * 2 ** torch.arange(16).double())
    return torch.cat([phase.sin(), phase.cos()], -1).float()


class Classifier(nn.Module):
    def __init__(self, layout, position, text, standardize):
        super().__init__()
        self.layout, self.position, self.standardize = layout, position, standardize
        self.net = QFormer(CLASSES, frames=T, d=WIDTH, dx=D, layers=3, heads=HEADS, queries=QUERIES, drop=0.0, every=2, text=text, vocab=VOCABULARY)
        if text: self.net.places = nn.Embedding(POSITIONS, WIDTH)
        wide = WIDTH if layout == "joint" else T * WIDTH
        self.net.head = nn.Sequential(nn.LayerNorm(wide), nn.Linear(wide, WIDTH), nn.GELU(), nn.Dropout(0.0), nn.Linear(WIDTH, CLASSES))
        if position != "none": self.temporal = nn.Parameter(torch.zeros(32, D if position == "tokens" else WIDTH))

    def forward(self, X, times, mean, deviation, ids, mask):
        if self.standardize: X = (X - mean) / deviation
        outputs, pooled = [], []
        for b in range(len(X)):     # each clip has times of its own, and the reference one set of vectors a call
            x = X[b:b + 1]; text = (None, None) if ids is None else (ids[b:b + 1], mask[b:b + 1])
            E = features(times[b]) @ self.temporal if self.position != "none" else torch.zeros(T, WIDTH)
            if self.layout == "joint":
                o = self.net(x, E if self.position == "tokens" else None, *text); m = o.mean(1)
            else:
                o = self.net(x, None, *text, bound=E if self.position == "queries" else torch.zeros(T, WIDTH), prefix=self.layout == "frames")
                if self.position == "outputs": o = (o.view(1, T, QUERIES, WIDTH) + E[None, :, None]).flatten(1, 2)
                m = o.view(1, T, QUERIES, WIDTH).mean(2).flatten(1)
            outputs.append(o); pooled.append(m)
        return torch.cat(outputs), self.net.head(torch.cat(pooled))


def name(n, text):
    """The reference's names as transformers' InstructBLIP has them."""
    if n == "temporal": return "qformer.temporal_embeddings.weight"
    n = n.removeprefix("net.")
    if n.startswith("head."): return "classifier." + n.removeprefix("head.")
    if n == "queries": return "query_tokens"
    for old, new in (("words.", "embeddings.word_embeddings."), ("places.", "embeddings.position_embeddings."), ("norm.", "embeddings.layernorm." if text else "layernorm.")):
        if n.startswith(old): return "qformer." + n.replace(old, new, 1)
    for old, new in (("layers.", "encoder.layer."), ("query_ffn.a", "intermediate_query.dense"), ("query_ffn.b", "output_query.dense"), ("query_ffn.n", "output_query.LayerNorm"),
                     ("text_ffn.a", "intermediate.dense"), ("text_ffn.b", "output.dense"), ("text_ffn.n", "output.LayerNorm")): n = n.replace(old, new)
    return "qformer." + n


def case(file, layout, position, text, standardize):
    torch.manual_seed(a.seed); g = torch.Generator().manual_seed(a.seed)
    m = Classifier(layout, position, text, standardize).train()
    with torch.no_grad():
        for n, p in m.named_parameters():
            norm = "norm" in n.lower() or ".n." in n or n == "net.head.0.weight"
            r = torch.randn(p.shape, generator=g)
            p.copy_(1 + 0.1 * r if p.dim() == 1 and norm and n.endswith("weight") else 0.05 * r if p.dim() == 1 else 0.3 * r if "temporal" in n else r * 0.4)
    X = torch.randn(B, T, L, D, generator=g); times = torch.rand(B, T, generator=g).cumsum(1) * torch.tensor([0.2, 1.0, 7.0])[:, None]
    times = times - times[:, :1]; y = torch.randint(0, CLASSES, (B,), generator=g)
    mean, deviation = torch.randn(D, generator=g), 0.5 + torch.rand(D, generator=g)
    ids = mask = None; io = {}
    if text:
        ids = torch.randint(1, VOCABULARY, (B, 6), generator=g); mask = torch.ones(B, 6, dtype=torch.long)
        for b, n in ((1, 2), (2, 5)): mask[b, n:] = 0; ids[b, n:] = 0
        io |= {"input_ids": ids, "attention_mask": mask}
    if standardize: io |= {"initial.qformer.feature_standardization.mean": mean, "initial.qformer.feature_standardization.deviation": deviation}
    named = {name(n, text): p for n, p in m.named_parameters()}
    io |= {"initial." + n: p.detach().clone() for n, p in named.items()}
    run = lambda: m(X, times, mean, deviation, ids, mask)
    output, logits = run(); loss = nn.functional.cross_entropy(logits, y); loss.backward()
    io |= {"frame_embeds": X.flatten(1, 2), "frame_times": times, "labels": y, "query_output": output.detach(), "logits": logits.detach(), "loss": loss.detach().reshape(1)}
    io |= {"grad." + n: torch.zeros_like(p) if p.grad is None else p.grad.clone() for n, p in named.items()}
    decays = lambda n, p: p.dim() > 1 and "temporal" not in n
    opt = torch.optim.AdamW([{"params": [p for n, p in named.items() if decays(n, p)], "weight_decay": 0.01}, {"params": [p for n, p in named.items() if not decays(n, p)], "weight_decay": 0.0}], lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    m.zero_grad(); warm = 2
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: s / warm if s < warm else max(0.0, (STEPS - s) / (STEPS - warm)))
    losses, norms = [], []
    for _ in range(STEPS):
        lo = nn.functional.cross_entropy(run()[1], y); lo.backward()
        norms.append(float(nn.utils.clip_grad_norm_([p for p in m.parameters() if p.grad is not None], 1.0))); opt.step(); sched.step(); opt.zero_grad(); losses.append(float(lo))
    io |= {"trajectory.loss": torch.tensor(losses), "trajectory.grad_norm": torch.tensor(norms)} | {"trained." + n: p.detach().clone() for n, p in named.items()}
    save_file({k: v.contiguous() for k, v in io.items()}, Path(a.out) / f"{file}.safetensors")
    print(file, "loss", float(loss), [round(v, 4) for v in losses])


case("frames", "frames", "queries", True, True)
case("frames-outputs", "frames", "outputs", False, False)
case("bound", "bound", "queries", True, False)
case("joint-tokens", "joint", "tokens", True, True)
