"""Items 1, 2, 3, 9, 20: encoders, features and what they are made with."""
import json
import shutil
import struct

from trust_support import case, edit_json, fixtures, require, videos

clip = videos / "real/park.mp4"


def read_weights(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + size]), bytearray(data[8 + size:])


def write_weights(path, header, data):
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def scale(path, wanted, factor):
    """Multiplies the tensors whose name has `wanted`; with `None` every value becomes NaN."""
    header, data = read_weights(path)
    for name, entry in header.items():
        if wanted not in name:
            continue
        start, end = entry["data_offsets"]
        values = struct.unpack(f"<{(end - start) // 4}f", data[start:end])
        changed = [float("nan") if factor is None else value * factor for value in values]
        data[start:end] = struct.pack(f"<{len(changed)}f", *changed)
    write_weights(path, header, data)


def predict(t, run, *options, **more):
    return t.run("vbtrain", "predict", run, clip, "--json", *options, **more)


# Item 1: another encoder than the recorded one.
@case(1, "predict --model with other weights names both encoders")
def other_weights(t):
    t.copy("model", "run")
    scale(t.folder / "model/model.safetensors", "qkv.weight", 1.5)
    t.expect(predict(t, "run", "--model", "model"), 65, r"model|encoder")


@case(1, "predict --model of another width")
def other_width(t):
    t.copy("run")
    t.expect(predict(t, "run", "--model", fixtures / "golden/blip2-odd"), 65, "model|encoder")


@case(1, "predict after the files in the recorded directory were exchanged")
def exchanged_files(t):
    t.copy("model", "pixels")
    t.expect(t.extract("pixels", "features"), 0)
    t.expect(t.train("features", "run"), 0)
    t.expect(predict(t, "run"), 0)
    scale(t.folder / "model/model.safetensors", "qkv.weight", 1.5)
    t.expect(predict(t, "run"), 65, "model|encoder")


@case(1, "predict with another $VBPREP_MODEL uses the recorded encoder")
def other_environment(t):
    t.copy("run")
    right = t.expect(predict(t, "run"), 0).stdout
    other = predict(t, "run", env={"VBPREP_MODEL": fixtures / "golden/blip2-odd"})
    require(other.returncode == 65 or other.stdout == right, "other answers with another $VBPREP_MODEL")


@case(1, "predict with $VBPREP_MODEL alone left, which is another")
def only_environment(t):
    t.copy("model", "pixels")
    t.expect(t.extract("pixels", "features"), 0)
    t.expect(t.train("features", "run"), 0)
    shutil.rmtree(t.folder / "model")
    t.expect(predict(t, "run", env={"VBPREP_MODEL": fixtures / "golden/blip2-odd"}), 65, "model|encoder")


@case(1, "vbtrain --shards FEATURES --model with another encoder")
def train_with_other(t):
    t.copy("features")
    t.expect(t.train("features", "run", "--model", fixtures / "golden/blip2-odd"), 65, "model|encoder")


@case(1, "extract-features into features of another encoder")
def mixed_features(t):
    t.copy("pixels", "features", "model")
    scale(t.folder / "model/model.safetensors", "qkv.weight", 1.5)
    before = (t.folder / "features/dataset.json").read_bytes()
    t.expect(t.extract("pixels", "features"), 65, "model|encoder|overwrite")
    require((t.folder / "features/dataset.json").read_bytes() == before, "the features were replaced")


# Item 2: features that are made in another way.
def evaluates_only_its_own(t, pixel_options=(), feature_options=()):
    t.copy("run")
    pixels = t.base / "pixels"
    if pixel_options:
        t.expect(t.build(t.base / "m.csv", "pixels", *pixel_options), 0)
        pixels = "pixels"
    made = t.extract(pixels, "features", *feature_options)
    if made.returncode == 65 and ("processor" in made.stderr or "resize" in made.stderr):
        return
    t.expect(made, 0)
    before = (t.folder / "run/metrics.json").read_bytes()
    t.expect(t.run("vbtrain", "evaluate", "run", "--shards", "features"), 65, "recipe|tokens|frames|sampling|precision")
    require((t.folder / "run/metrics.json").read_bytes() == before, "the run's metrics were overwritten")


for name, pixel_options, feature_options in [
        ("tokens", [], ["--tokens", "cls"]), ("pooled tokens", [], ["--tokens", "pool2"]),
        ("frame count", ["--frames", "3"], []), ("sampling", ["--sampling", "middle"], []),
        ("resize", ["--resize", "crop"], []), ("precision", [], ["--precision", "bfloat16"])]:
    case(2, f"evaluate on features of another {name}")(
        lambda t, p=pixel_options, f=feature_options: evaluates_only_its_own(t, p, f))


@case(2, "metrics.json records which dataset gave each metric")
def metrics_name_their_dataset(t):
    t.copy("run")
    t.expect(t.run("vbtrain", "evaluate", "run", "--shards", t.base / "features"), 0)
    metrics = json.loads((t.folder / "run/metrics.json").read_text())
    own = json.loads((t.base / "features/dataset.json").read_text())["content_hash"]
    require(all(own in json.dumps(task) for task in metrics["test"].values()), "metrics without the hash of their dataset")


# Item 3: numbers that are not finite.
def refuses_features(t, change, precision="float32"):
    t.copy("model")
    change(t.folder / "model")
    made = t.extract(t.base / "pixels", "features", "--precision", precision)
    t.expect(made, 65, "finite|NaN|eps|mean|std|more than|processor cannot")
    require(not (t.folder / "features/dataset.json").exists(), "features were published")


def configure(name, field, value):
    def change(model):
        def set_field(config):
            place = config.get("vision_config", config) if name == "config.json" else config
            place[field] = value
        if not (model / name).exists():
            (model / name).write_text(json.dumps({"size": {"height": 28, "width": 28}}))
        edit_json(model / name, set_field)
    return change


for precision in ["float32", "bfloat16", "int8"]:
    case(3, f"finite weights that overflow in attention, {precision}")(
        lambda t, p=precision: refuses_features(t, lambda m: scale(m / "model.safetensors", "qkv.weight", 1e25), p))
case(3, "weights that are NaN")(lambda t: refuses_features(t, lambda m: scale(m / "model.safetensors", "qkv.weight", None)))
for value in [-1, 1e300, -1e-3]:
    case(3, f"layer_norm_eps {value}")(lambda t, v=value: refuses_features(t, configure("config.json", "layer_norm_eps", v)))
for field, value in [("image_mean", [1e300] * 3), ("image_std", [0, 0, 0]), ("image_std", [1e-300] * 3), ("rescale_factor", 1e300),
                     ("rescale_factor", 0), ("resample", 1e300), ("resample", 2 ** 63)]:
    case(3 if field != "resample" else 14, f"{field} {value}".replace(", ", ","))(
        lambda t, f=field, v=value: t.expect(
            (t.copy("model"), configure("preprocessor_config.json", f, v)(t.folder / "model"),
             t.extract(t.base / "pixels", "features"))[2], 65, f"{f}|finite"))


# Item 9: the instruction set.
@case(9, "features record instruction set and version of oneDNN")
def records_instruction_set(t):
    recipe = json.loads((t.base / "features/dataset.json").read_text())["feature_recipe"]
    require("instruction_set" in recipe and any(c.isdigit() for c in recipe["instruction_set"]), f"recorded is {recipe}")


@case(9, "features of two instruction sets are not mixed")
def mixes_no_instruction_sets(t):
    t.copy("features")
    (t.folder / "m.csv").write_text((t.base / "m.csv").read_text() + "real/carphone_pristine.mp4,a,train,0.1\n")
    t.expect(t.build("m.csv", "pixels"), 0)
    made = t.extract("pixels", "features", env={"ONEDNN_MAX_CPU_ISA": "AVX2"})
    if made.returncode == 0:
        t.expect(t.extract("pixels", "whole"), 0)
        mine, whole = (contents_of(t.folder / n) for n in ("features", "whole"))
        require(mine == whole, "the bytes of two instruction sets are in one dataset")
    else:
        t.expect(made, 65, "instruction|isa|AVX")


def contents_of(directory):
    return {p.name: p.read_bytes() for p in (directory / "shards").iterdir()}


@case(9, "--isa pins the instruction set")
def pins_instruction_set(t):
    t.copy("pixels")
    t.expect(t.extract("pixels", "features", "--isa", "avx2"), 0)
    recipe = json.loads((t.folder / "features/dataset.json").read_text())["feature_recipe"]
    require("avx2" in recipe["instruction_set"].lower().replace("_", ""), f"recorded is {recipe['instruction_set']}")
    t.expect(t.extract("pixels", "features", "--isa", "no-such"), 64, "isa")


# Item 20: every tensor is accounted for.
def rename_tensor(path, old, new):
    header, data = read_weights(path)
    name = next(n for n in header if n.endswith(old))
    header[name.removesuffix(old) + new] = header.pop(name)
    write_weights(path, header, data)
    return name


@case(20, "a bias under another name is missed")
def renamed_bias(t):
    t.copy("model")
    rename_tensor(t.folder / "model/model.safetensors", "layers.0.self_attn.qkv.bias", "layers.0.self_attn.qkv_bias")
    t.expect(t.extract(t.base / "pixels", "features"), 65, r"qkv\.bias|qkv_bias")


@case(20, "a tensor of the encoder that nothing uses is named")
def unused_tensor(t):
    t.copy("model")
    header, data = read_weights(t.folder / "model/model.safetensors")
    entry = next(e for n, e in header.items() if n.endswith("layers.0.self_attn.projection.bias"))
    size = entry["data_offsets"][1] - entry["data_offsets"][0]
    header["vision_model.encoder.layers.0.self_attn.gate.bias"] = entry | {"data_offsets": [len(data), len(data) + size]}
    write_weights(t.folder / "model/model.safetensors", header, data + bytes(size))
    t.expect(t.extract(t.base / "pixels", "features"), (0, 65), r"gate\.bias")
