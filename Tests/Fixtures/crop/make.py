"""Makes reference.json: sha256 of what transformers' CLIP image processor crops from the pictures of ../golden/resize.

Usage: make.py, with numpy, pillow, safetensors and transformers installed. It wrote the file that is here with
transformers 5.24.0 and Pillow 13.0.0 (the slow, Pillow-based processor).
"""
import hashlib
import json
from pathlib import Path

import numpy
import PIL
import transformers
from safetensors.numpy import load_file

try:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil as Processor
except ImportError:
    from transformers.models.clip.image_processing_clip import CLIPImageProcessor as Processor

folder = Path(__file__).parent
found = {"transformers": transformers.__version__, "pillow": PIL.__version__, "pictures": {}}
for path in sorted((folder / "../golden/resize").glob("*.safetensors")):
    picture = PIL.Image.fromarray(load_file(path)["image"])
    for mode, edge in [("crop", 224), ("crop:256", 256)]:
        processor = Processor(size={"shortest_edge": edge}, crop_size={"height": 224, "width": 224},
                              do_rescale=False, do_normalize=False)
        pixels = numpy.asarray(processor(picture, return_tensors="np")["pixel_values"][0])
        pixels = numpy.ascontiguousarray(pixels.astype(numpy.uint8))
        assert pixels.shape == (3, 224, 224)
        found["pictures"][f"{path.stem} {mode}"] = hashlib.sha256(pixels.tobytes()).hexdigest()
(folder / "reference.json").write_text(json.dumps(found, indent=1) + "\n")
