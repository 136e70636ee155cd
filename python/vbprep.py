"""Random access to the datasets of `vbprep`: a row for each question, in any order.

    import vbprep

    train = vbprep.open("cache/scenes").split("train", normalize=True)
    row = train[0]
    row["pixel_values"]  # float32 (C, T, H, W); "features", float16 (T, L, D), of a feature dataset
    row["label"], row["label_name"], row["task"], row["prompt"], row["key"]

    torch.utils.data.DataLoader(train, batch_size=8, shuffle=True, num_workers=4)

Needs numpy, and zstandard where arrays are compressed. Copy this file to where it is needed; the format is
described in `Sources/Shards/ShardFormat.md`. Uncompressed arrays are mapped: no byte is read before it is used, and
they are read-only; `.copy()` gives one to write to.
"""

from __future__ import annotations

import builtins
import csv
import hashlib
import io
import json
import mmap
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union, overload

import numpy as np

__all__ = ["Dataset", "DatasetError", "Split", "open"]

FORMAT_VERSION = 2
_OPEN_SHARDS = 64


class DatasetError(ValueError):
    """The directory holds no dataset, one of another format version, or a damaged one."""


class _Place(NamedTuple):
    """Where the array of a clip lies."""

    shard: int
    offset: int
    stored_bytes: int
    uncompressed_bytes: int
    sha256: str


class _Question(NamedTuple):
    """A row of `questions.csv`."""

    key: str
    id: str
    video: str
    task: str
    prompt: str
    label_name: str
    label: int


def open(directory: Union[str, os.PathLike[str]], verify: bool = False) -> Dataset:
    """Opens the dataset in `directory`.

    verify: compare the sha256 of each array when it is read.
    Raises DatasetError if it is none of this format version, or damaged.
    """
    return Dataset(directory, verify=verify)


class Dataset:
    """A dataset of pixels or features. Pickles as its index alone, without open files."""

    def __init__(self, directory: Union[str, os.PathLike[str]], verify: bool = False) -> None:
        self.directory = Path(directory)
        self.verify = verify
        path = self.directory / "dataset.json"
        try:
            content = path.read_bytes()
            self.description: dict[str, Any] = json.loads(content)
            version = self.description["format_version"]
        except FileNotFoundError:
            raise DatasetError(f"{self.directory} is no dataset: there is no dataset.json in it") from None
        except (ValueError, KeyError, TypeError):
            raise DatasetError(f"{path} is damaged; `vbprep repair {self.directory}` mends it") from None
        if version != FORMAT_VERSION:
            raise DatasetError(f"{self.directory} has format version {version}; this file reads {FORMAT_VERSION}")
        # Its own sha256 stands in it; it was taken with an empty string in that place.
        recorded = self.description["sha256"]
        blank = content.replace(f'"sha256" : "{recorded}"'.encode(), b'"sha256" : ""')
        if hashlib.sha256(blank).hexdigest() != recorded:
            raise DatasetError(f"the checksum of {path} differs; `vbprep repair {self.directory}` mends it")
        array = self.description["array"]
        self.kind: str = self.description["kind"]
        """`pixels` or `features`."""
        self.array_name = "pixel_values" if self.kind == "pixels" else "features"
        """The name of the array in rows."""
        self.shape: tuple[int, ...] = tuple(array["shape"])
        """Extents of the array: (C, T, H, W) of pixels, (T, L, D) of features."""
        self.dtype = np.dtype(array["element_type"]).newbyteorder("<")
        """Element type of the stored array."""
        self.classes: dict[str, list[str]] = {task["task"]: task["classes"] for task in self.description["tasks"]}
        """The possible answers of each task, by index."""
        self._member: str = array["member"]
        self._shards = [shard["name"] for shard in self.description["shards"]]
        self._places = self._read_sidecars()
        self._questions = self._read_questions()
        self._headers: set[bytes] = set()
        self._maps: dict[int, mmap.mmap] = {}

    @property
    def splits(self) -> dict[str, int]:
        """Questions of each split."""
        return {name: len(questions) for name, questions in self._questions.items()}

    def split(self, name: str, normalize: Union[bool, tuple[Sequence[float], Sequence[float]]] = False) -> Split:
        """The questions of `train`, `validation` (or `val`) or `test`, in the manifest's order.

        normalize: True gives float32 pixels as the recorded image processor does; a pair (mean, std), one
        value a channel, as that of another model does. uint8 pixels only.
        Raises KeyError if there is no such split.
        """
        name = "validation" if name == "val" else name
        if name not in self._questions:
            raise KeyError(f"no split `{name}` in {self.directory}; it has {', '.join(self._questions)}")
        return Split(self, name, self._questions[name], self._table(normalize))

    def check(self) -> list[str]:
        """Reads every file and returns the paths of those that are missing or not as published."""
        bad = []
        for line in (self.directory / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
            digest, _, path = line.partition("  ")
            try:
                with builtins.open(self.directory / path, "rb") as file:
                    checksum = hashlib.sha256()
                    while block := file.read(1 << 20):
                        checksum.update(block)
            except OSError:
                bad.append(path)
            else:
                if checksum.hexdigest() != digest:
                    bad.append(path)
        return bad

    def __repr__(self) -> str:
        return f"<vbprep.Dataset {self.directory} {self.kind} {self.shape} {self.dtype.name} {self.splits}>"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_maps": {}}

    # Files beside the tars

    def _published(self, path: str) -> bytes:
        """The content of a file whose sha256 is in the description."""
        try:
            content = (self.directory / path).read_bytes()
        except OSError as error:
            raise DatasetError(f"{self.directory / path} cannot be read: {error.strerror}") from None
        if hashlib.sha256(content).hexdigest() != self.description["files"].get(path):
            raise DatasetError(
                f"the checksum of {self.directory / path} differs; `vbprep repair {self.directory}` mends it"
            )
        return content

    def _read_sidecars(self) -> dict[str, _Place]:
        places = {}
        for index, shard in enumerate(self._shards):
            for sample in json.loads(self._published(f"shards/{shard}.json"))["samples"]:
                for member in sample["members"]:
                    if member["name"] == self._member:
                        places[sample["key"]] = _Place(
                            index,
                            member["offset"],
                            member["stored_bytes"],
                            member["uncompressed_bytes"],
                            member["sha256"],
                        )
        return places

    def _read_questions(self) -> dict[str, list[_Question]]:
        csv.field_size_limit(sys.maxsize)
        text = io.TextIOWrapper(io.BytesIO(self._published("questions.csv")), encoding="utf-8", newline="")
        questions: dict[str, list[_Question]] = {}
        for name in ("train", "validation", "test"):
            if name in self.description["splits"]:
                questions[name] = []
        for row in csv.DictReader(text):
            question = _Question(
                row["key"],
                row["id"],
                row["video"],
                sys.intern(row["task"]),
                sys.intern(row["prompt"]),
                sys.intern(row["label"]),
                int(row["class"]),
            )
            questions.setdefault(row["split"], []).append(question)
        return questions

    # Arrays

    def _table(self, normalize: Union[bool, tuple[Sequence[float], Sequence[float]]]) -> Optional[np.ndarray]:
        """The normalised value of each of the 256 pixel values, (C, 256)."""
        if normalize is False:
            return None
        if self.kind != "pixels" or self.dtype != np.uint8:
            raise ValueError(f"{self.directory} holds no uint8 pixels, so there is nothing to normalize")
        recorded = self.description["normalization"]
        mean, std = (recorded["image_mean"], recorded["image_std"]) if normalize is True else normalize
        channels = (np.asarray(mean, np.float32)[:, None], np.asarray(std, np.float32)[:, None])
        # The product in float64, the rest in float32, as BlipImageProcessor does.
        scaled = (np.arange(256) * recorded["rescale_factor"]).astype(np.float32)
        return (scaled[None] - channels[0]) / channels[1]

    def _map(self, shard: int) -> mmap.mmap:
        if shard not in self._maps:
            if len(self._maps) >= _OPEN_SHARDS:
                # Arrays that were handed out keep their map alive.
                self._maps.pop(next(iter(self._maps)))
            path = self.directory / "shards" / f"{self._shards[shard]}.tar"
            with builtins.open(path, "rb") as file:
                self._maps[shard] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._maps[shard]

    def array(self, key: str) -> np.ndarray:
        """The array of the clip `key` as it is stored; mapped and read-only where it is not compressed.

        Raises KeyError if there is no such clip, DatasetError if it is damaged.
        """
        place = self._places[key]
        count = int(np.prod(self.shape)) * self.dtype.itemsize
        view = memoryview(self._map(place.shard))[place.offset : place.offset + place.stored_bytes]
        if self.verify and hashlib.sha256(view).hexdigest() != place.sha256:
            raise DatasetError(f"the checksum of {key}.{self._member} differs; `vbprep repair` mends it")
        content: Union[memoryview, bytes] = view
        if self._member.endswith(".zst"):
            content = self._decompressed(view, place, key)
        if len(content) != place.uncompressed_bytes or not 0 < len(content) - count < 1 << 16:
            raise DatasetError(f"{key}.{self._member} has another size than its sidecar says")
        self._check_header(bytes(content[: len(content) - count]), key)
        array = np.frombuffer(content, self.dtype, offset=len(content) - count).reshape(self.shape)
        return array.copy() if isinstance(content, bytes) else array

    def _decompressed(self, view: memoryview, place: _Place, key: str) -> bytes:
        import zstandard

        try:
            if zstandard.frame_content_size(view) != place.uncompressed_bytes:
                raise DatasetError(f"{key}.{self._member} has another size than its sidecar says")
            return zstandard.ZstdDecompressor().decompress(view)
        except zstandard.ZstdError as error:
            raise DatasetError(f"{key}.{self._member} cannot be decompressed: {error}") from None

    def _check_header(self, header: bytes, key: str) -> None:
        """Headers are the same for all samples, so each is read once."""
        if header in self._headers:
            return
        stream = io.BytesIO(header)
        try:
            version = np.lib.format.read_magic(stream)
            shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        except ValueError as error:
            raise DatasetError(f"{key}.{self._member} is no array: {error}") from None
        if (version, shape, is_fortran, dtype) != ((1, 0), self.shape, False, self.dtype) or stream.read():
            raise DatasetError(f"{key}.{self._member} holds {dtype} {shape}, not {self.dtype} {self.shape}")
        self._headers.add(header)


class Split(Sequence[dict[str, Any]]):
    """Questions of a split, as a sequence of rows; what `torch.utils.data.DataLoader` takes as a dataset."""

    def __init__(self, dataset: Dataset, name: str, questions: list[_Question], table: Optional[np.ndarray]) -> None:
        self.dataset = dataset
        self.name = name
        self._questions = questions
        self._normalized = table

    def __len__(self) -> int:
        return len(self._questions)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> Split: ...
    def __getitem__(self, index: Union[int, slice]) -> Union[dict[str, Any], Split]:
        """The row `index`, or the questions of a slice, whose arrays are not read before they are asked for.

        A row has `pixel_values` or `features`; `label` (index among the classes of its task) and `label_name`;
        `task`, `prompt`; `key` of the clip; `id` of the question; `video` as the manifest names it.
        """
        if isinstance(index, slice):
            return Split(self.dataset, self.name, self._questions[index], self._normalized)
        question = self._questions[index]
        array = self.dataset.array(question.key)
        if self._normalized is not None:
            array = np.stack([table[channel] for table, channel in zip(self._normalized, array)])
        return {self.dataset.array_name: array, **question._asdict()}

    def __repr__(self) -> str:
        return f"<vbprep.Split {self.name} of {self.dataset.directory}, {len(self)} questions>"

    @property
    def labels(self) -> list[int]:
        """The label of each row, without reading arrays."""
        return [question.label for question in self._questions]
