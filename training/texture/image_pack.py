# SPDX-License-Identifier: GPL-3.0-or-later
"""The prepared file that texture models learn from: pictures of materials as JPEGs in one .npz."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from blender_addon.errors import GalateaError

from .looks import Look, as_written

EDGE = 256
# Maps are no colours: kept apart they need fewer bytes for the same error, and a metal's edge does not show in heights.
_ALBEDO = {"quality": 80, "subsampling": 0}
_SURFACE = {"quality": 66, "subsampling": 0, "keep_rgb": True}
# The order of maps in an array of pictures.
CHANNELS = ("red", "green", "blue", "height", "roughness", "metallic")
_FORMAT = 1


@dataclass(frozen=True)
class Picture:
    """One material of 256 × 256 px, still packed.

    kind: its class. albedo: JPEG, sRGB. surface: JPEG with height, roughness and metallic as red, green and blue.
    known: which of those three are; the others hold a middling value. tileable: wraps around without a seam. split:
    train or test. source, licence, credit: where it comes from, on which terms, by whom.
    """

    name: str
    kind: str
    albedo: bytes
    surface: bytes
    known: tuple[bool, bool, bool] = (True, True, True)
    tileable: bool = True
    split: str = "train"
    source: str = "made by Galatea's own recipes"
    licence: str = "CC0-1.0"
    credit: str = ""

    @staticmethod
    def of(maps: np.ndarray, name: str, kind: str, **more: object) -> Picture:
        """From maps (6, 256, 256) in 0 … 1 in the order of CHANNELS; `more` are the other fields."""
        if maps.shape != (6, EDGE, EDGE):
            raise GalateaError(f"{name}: maps must be 6 × {EDGE} × {EDGE}, not {' × '.join(map(str, maps.shape))}")
        levels = np.round(np.clip(maps, 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
        return Picture(name, kind, _jpeg(levels[..., :3], _ALBEDO), _jpeg(levels[..., 3:], _SURFACE), **more)

    @property
    def sha256(self) -> str:
        """Of its two JPEGs: a pack lists those it was trained on, so that none of them is taken for held out."""
        return hashlib.sha256(self.albedo + self.surface).hexdigest()

    def maps(self, size: int = EDGE) -> np.ndarray:
        """uint8 (6, size, size), the mean of each block of pixels; size divides 256."""
        both = [np.asarray(Image.open(io.BytesIO(file))) for file in (self.albedo, self.surface)]
        full = np.concatenate(both, axis=2).transpose(2, 0, 1)
        if size == EDGE:
            return full
        step = EDGE // size
        blocks = full.reshape(6, size, step, size, step).astype(np.float32).mean(axis=(2, 4))
        return np.round(blocks).astype(np.uint8)


@dataclass(frozen=True)
class ImagePack:
    """Pictures, and the look of every class in the order of its labels."""

    items: tuple[Picture, ...]
    looks: dict[str, Look]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, in the order of labels."""
        return tuple(self.looks)

    @property
    def label(self) -> np.ndarray:
        """(n,) int64: the class of each picture."""
        at = {name: i for i, name in enumerate(self.looks)}
        return np.array([at[item.kind] for item in self.items], dtype=np.int64)

    @property
    def known(self) -> np.ndarray:
        """(n, 3) bool: height, roughness and metallic are known."""
        return np.array([item.known for item in self.items], dtype=bool).reshape(-1, 3)

    @property
    def tileable(self) -> np.ndarray:
        """(n,) bool."""
        return np.array([item.tileable for item in self.items], dtype=bool)

    @property
    def split(self) -> np.ndarray:
        """(n,) of 'train' and 'test'."""
        return np.array([item.split for item in self.items], dtype="U5")

    @property
    def names(self) -> tuple[str, ...]:
        """Of each picture."""
        return tuple(item.name for item in self.items)

    @property
    def sources(self) -> tuple[str, ...]:
        """Of each picture."""
        return tuple(item.source for item in self.items)

    @property
    def licences(self) -> tuple[str, ...]:
        """Of each picture."""
        return tuple(item.licence for item in self.items)

    @property
    def credits(self) -> tuple[str, ...]:
        """Of each picture: who made it."""
        return tuple(item.credit for item in self.items)

    def pictures(self, size: int = 128) -> np.ndarray:
        """uint8 (n, 6, size, size) in the order of CHANNELS, box-filtered down from 256 px."""
        if size < 1 or EDGE % size:
            raise ValueError(f"size must divide {EDGE}, not {size}")
        return np.stack([item.maps(size) for item in self.items]) if self.items else np.zeros(
            (0, 6, size, size), np.uint8)

    def only(self, classes: Sequence[str] | None = None, split: str | None = None) -> ImagePack:
        """The pictures of some classes, in that order, and of a split."""
        names = tuple(classes) if classes is not None else self.classes
        absent = [name for name in names if name not in self.looks]
        if absent:
            raise GalateaError(f"there is no class {', '.join(absent)}; there are {', '.join(self.classes)}")
        kept = tuple(item for item in self.items if item.kind in names and split in (None, item.split))
        return ImagePack(kept, {name: self.looks[name] for name in names})

    def save(self, path: Path) -> None:
        """Write the .npz, in place of one that is there only once it is whole."""
        blob = {}
        for part in ("albedo", "surface"):
            files = [getattr(item, part) for item in self.items]
            blob[part] = np.frombuffer(b"".join(files), dtype=np.uint8)
            blob[part + "_offsets"] = np.cumsum([0, *map(len, files)], dtype=np.int64)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        with part.open("wb") as file:
            np.savez(file, format=_FORMAT, **blob, known=self.known, tileable=self.tileable, label=self.label,
                     classes=np.array(self.classes, dtype=str), split=self.split, names=_words(self.names),
                     sources=_words(self.sources), licences=_words(self.licences), credits=_words(self.credits),
                     looks=json.dumps(as_written(self.looks)))
        part.replace(path)

    @staticmethod
    def load(path: Path) -> ImagePack:
        """Read what save wrote. GalateaError when it is absent or no image pack."""
        if not path.is_file():
            raise GalateaError(f"there is no file {path}; write it with: python -m training prepare texture "
                               f"--data FOLDER --out {path}")
        try:
            with np.load(path, allow_pickle=False) as file:
                if "format" not in file or int(file["format"]) != _FORMAT or "surface_offsets" not in file:
                    raise GalateaError(f"{path} is no image pack of this version; prepare it again")
                looks = {name: Look(**look) for name, look in json.loads(str(file["looks"])).items()}
                files = zip(_pieces(file["albedo"], file["albedo_offsets"]),
                            _pieces(file["surface"], file["surface_offsets"]), strict=True)
                classes = [str(name) for name in file["classes"]]
                rows = zip(file["names"], file["label"], files, file["known"], file["tileable"], file["split"],
                           file["sources"], file["licences"], file["credits"], strict=True)
                items = tuple(
                    Picture(str(name), classes[label], *both, tuple(map(bool, known)), bool(tileable), str(split),
                            str(source), str(licence), str(credit))
                    for name, label, both, known, tileable, split, source, licence, credit in rows)
        except (OSError, ValueError, KeyError, TypeError, IndexError, zipfile.BadZipFile) as error:
            raise GalateaError(f"{path} is no image pack, or it is damaged ({error}); prepare it again") from error
        return ImagePack(items, {name: looks[name] for name in classes})


def join(packs: Iterable[ImagePack]) -> ImagePack:
    """All pictures of several packs, one of each name; a class has the look that the last pack gives it."""
    items, looks = {}, {}
    for pack in packs:
        looks.update(pack.looks)
        items.update({(item.kind, item.name): item for item in pack.items})
    return ImagePack(tuple(items.values()), looks)


def _jpeg(levels: np.ndarray, how: dict[str, object]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(levels)).save(file, "JPEG", **how)
    return file.getvalue()


def _pieces(blob: np.ndarray, offsets: np.ndarray) -> list[bytes]:
    return [blob[a:b].tobytes() for a, b in pairwise(offsets)]


def _words(words: Sequence[str]) -> np.ndarray:
    return np.array(words, dtype=str)
