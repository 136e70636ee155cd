"""Item 15: files that are no files, are huge, or become shorter."""
import json
import os
import shutil
import signal
import time

from trust_models import write_weights
from trust_support import case, fixtures, require


@case(15, "weights truncated while they are mapped")
def truncated_weights(t):
    model = t.folder / "big"
    model.mkdir()
    width, inner, layers = 512, 2048, 24
    vision = {"hidden_size": width, "intermediate_size": inner, "num_hidden_layers": layers, "num_attention_heads": 8,
              "image_size": 28, "patch_size": 14, "model_type": "clip_vision_model"}
    (model / "config.json").write_text(json.dumps(vision))
    shapes = {"embeddings.class_embedding": [width], "embeddings.patch_embedding.weight": [width, 3, 14, 14],
              "embeddings.position_embedding.weight": [5, width]}
    for norm in ["pre_layrnorm", "post_layernorm"]:
        shapes |= {f"{norm}.{part}": [width] for part in ("weight", "bias")}
    for layer in range(layers):
        sizes = {f"self_attn.{name}_proj": (width, width) for name in ("q", "k", "v", "out")}
        for name, (out, into) in (sizes | {"mlp.fc1": (inner, width), "mlp.fc2": (width, inner)}).items():
            shapes |= {f"encoder.layers.{layer}.{name}.weight": [out, into], f"encoder.layers.{layer}.{name}.bias": [out]}
        for norm in ["layer_norm1", "layer_norm2"]:
            shapes |= {f"encoder.layers.{layer}.{norm}.{part}": [width] for part in ("weight", "bias")}
    header, offset = {}, 0
    for name, shape in shapes.items():
        size = 4
        for extent in shape:
            size *= extent
        header[f"vision_model.{name}"] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    path = model / "model.safetensors"
    ended = set()
    for delay in [0.05, 0.15, 0.3, 0.5, 0.8, 1.2]:
        write_weights(path, header, b"")
        os.truncate(path, path.stat().st_size + offset)
        process = t.start("vbprep", "extract-features", "--shards", t.base / "pixels", "--out", f"f{delay}", "--model", "big",
                          "--precision", "float32")
        time.sleep(delay)
        os.truncate(path, 4096)
        ended.add(t.expect(t.finish(process), (0, 65, 75)).returncode)
    require(ended != {0}, "every attempt was over before the file was cut")


def fifo(t, folder, name):
    path = t.folder / folder / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)


for name in ["model.safetensors", "config.json", "preprocessor_config.json", "model.safetensors.index.json"]:
    @case(15, f"a FIFO as {name}")
    def fifo_in_model(t, name=name):
        t.copy("model")
        if name.endswith("index.json"):
            (t.folder / "model/model.safetensors").unlink()
        fifo(t, "model", name)
        t.expect(t.extract(t.base / "pixels", "features", seconds=15), 65, "regular|read")


for name in ["vocab.txt", "tokenizer.json"]:
    @case(15, f"a FIFO as {name}")
    def fifo_as_vocabulary(t, name=name):
        shutil.copytree(fixtures / "golden/instructblip-tiny", t.folder / "model")
        fifo(t, "model", name)
        t.expect(t.extract(t.base / "pixels", "features"), 0)
        t.expect(t.run("vbtrain", "--shards", "features", "--model", "model", "--epochs", "1", seconds=15), 65, "regular|read")


@case(15, "a FIFO as manifest, YAML file and class list")
def fifo_as_input(t):
    fifo(t, ".", "pipe")
    t.expect(t.run("vbprep", "build-shards", "pipe", seconds=15), 65, "regular|read")
    t.expect(t.run("vbtrain", "--shards", t.base / "features", "--config", "pipe", seconds=15), (64, 65), "regular|read")
    t.expect(t.build(t.base / "m.csv", "out", "--classes", "pipe", seconds=15), 65, "regular|read")


def sparse(t):
    path = t.folder / "huge.mp4"
    path.touch()
    os.truncate(path, 400 << 30)
    (t.folder / "h.csv").write_text("video,label\nhuge.mp4,a\n")


@case(15, "hashing a huge sparse file ends at --timeout")
def huge_file(t):
    sparse(t)
    t.expect(t.run("vbprep", "build-shards", "h.csv", "--timeout", "2", "--out", "out", seconds=40), 1, "timeout|time limit")


@case(15, "hashing a huge sparse file ends at Ctrl-C")
def huge_file_interrupted(t):
    sparse(t)
    process = t.start("vbprep", "build-shards", "h.csv", "--timeout", "600", "--out", "out")
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    t.expect(t.finish(process, 15), 130)


