# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps as files: `<class>_<seed>_<map>.png`."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from ..errors import GalateaError
from .generating import MAPS, TextureMaps
from .png import encode_in_slices, to_bits
from .sphere import sphere_in_slices

PREVIEW = "preview"
PREVIEW_SIZE = 512  # pixels
_BAND = 256  # rows


def map_name(class_name: str, seed: int, which: str) -> str:
    """The name of a map's file; what file systems do not like in a class's name becomes an underscore."""
    plain = re.sub(r"[^\w.-]+", "_", class_name)
    return f"{plain}_{seed}_{which}.png"


def map_pixels(maps: TextureMaps, which: str, rows: slice = slice(None)) -> np.ndarray:
    """A map, or some rows of it, as its file holds it: uint8, height uint16; normals as 0.5 + 0.5 n."""
    plane = getattr(maps, which)[rows]
    return to_bits(0.5 + 0.5 * plane if which == "normal" else plane, 16 if which == "height" else 8)


def _bands(maps: TextureMaps, which: str) -> Iterator[np.ndarray]:
    """A map's pixels, or the preview's, some rows at a time."""
    if which == PREVIEW:
        yield from map(to_bits, sphere_in_slices(maps, PREVIEW_SIZE))
    else:
        yield from (map_pixels(maps, which, slice(first, first + _BAND)) for first in range(0, maps.size[1], _BAND))


def write_in_slices(folder: Path, class_name: str, made: Iterable[tuple[int, TextureMaps]], count: int,
                    preview: bool = False, text: Mapping[str, str] | None = None
                    ) -> Generator[float, None, list[Path]]:
    """Write the maps of `count` seeds, one after another as `made` hands them over, into a folder, which is made when
    missing: yields the share that is done, returns the files.

    They get their names when all are written; after an error or close() none is there that was not there before, and
    those that were are whole. text: what each file says of itself. GalateaError when it cannot be done.
    """
    kinds = (*MAPS, *([PREVIEW] if preview else []))
    halves: dict[Path, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for seed, maps in made:
            for which in kinds:
                share = len(halves) / (count * len(kinds))
                path = folder / map_name(class_name, seed, which)
                halves[path] = folder / f".{path.name}.{os.getpid()}"
                bands = []
                for band in _bands(maps, which):
                    bands.append(band)
                    yield share
                about = {"Title": f"{class_name} {seed} {which}", **(text or {})}
                with halves[path].open("wb") as file:
                    for part in encode_in_slices(np.concatenate(bands), which in ("albedo", PREVIEW), about):
                        file.write(part)
                        yield share
        for path, half in halves.items():
            half.replace(path)
    except OSError as error:
        where = error.filename or folder
        raise GalateaError(f"cannot write {where}: {error.strerror or error}; choose another folder") from error
    finally:
        for half in halves.values():
            half.unlink(missing_ok=True)
    return list(halves)
