"""Cuts the word embeddings that the demo starts from out of all-MiniLM-L6-v2.

usage: make.py BERT_DIRECTORY PROMPTS.yaml   (needs numpy and safetensors)
Keeps the special tokens, ASCII characters, the first 4,000 whole words of bert-base-uncased's
vocabulary, which are the most frequent ones, the words of the prompts, and 64 positions, in float16.
"""
import json, re, sys
from pathlib import Path
from safetensors.numpy import load_file, save_file

source, target = Path(sys.argv[1]), Path(__file__).parent
vocabulary = (source / "vocab.txt").read_text(encoding="utf-8").splitlines()
special = [i for i, word in enumerate(vocabulary) if word in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")]
characters = [i for i, word in enumerate(vocabulary) if len(word.removeprefix("##")) == 1 and word.isascii()]
words = [i for i, word in enumerate(vocabulary) if len(word) > 1 and word.isascii() and word.isalpha()][:4000]
asked = set(re.findall(r"[a-z]+", Path(sys.argv[2]).read_text().lower()))
prompts = [i for i, word in enumerate(vocabulary) if word in asked]
kept = sorted(set(special + characters + words + prompts))
tensors = load_file(source / "model.safetensors")
part = {name: tensors[name] for name in tensors if name.startswith("embeddings.LayerNorm.")}
part["embeddings.word_embeddings.weight"] = tensors["embeddings.word_embeddings.weight"][kept]
part["embeddings.position_embeddings.weight"] = tensors["embeddings.position_embeddings.weight"][:64].copy()
part["embeddings.token_type_embeddings.weight"] = tensors["embeddings.token_type_embeddings.weight"]
save_file(part, target / "model.safetensors")
(target / "vocab.txt").write_text("".join(vocabulary[i] + "\n" for i in kept), encoding="utf-8")
config = json.loads((source / "config.json").read_text())
config.update(vocab_size=len(kept), max_position_embeddings=64)
(target / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
print(len(kept), "tokens")
