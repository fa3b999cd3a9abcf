# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in plain numpy: laying them out side by side, writing numbers on them, saving them as PNG."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from ..errors import GalateaError

_GAP = 4  # pixels between pictures
_PAPER = 250
_INK = 30
# Five columns by seven rows of a figure, each row a number whose bits are its dots.
_GLYPHS = {
    "0": (14, 17, 19, 21, 25, 17, 14), "1": (4, 12, 4, 4, 4, 4, 14), "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14), "4": (2, 6, 10, 18, 31, 2, 2), "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14), "7": (31, 1, 2, 4, 8, 8, 8), "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12), ".": (0, 0, 0, 0, 0, 12, 12), "-": (0, 0, 0, 31, 0, 0, 0),
    "m": (0, 0, 26, 21, 21, 17, 17), " ": (0, 0, 0, 0, 0, 0, 0),
}


def write_text(picture: np.ndarray, text: str, x: int, y: int, scale: int = 1) -> None:
    """Write figures, `.`, `-`, `m` and blanks onto (H, W, 3) bytes; x, y: the upper left corner in pixels.

    What does not fit is cut off. KeyError for any other letter.
    """
    dots = np.zeros((7, 6 * len(text)), bool)
    for n, letter in enumerate(text):
        rows = np.array(_GLYPHS[letter])
        dots[:, 6 * n: 6 * n + 5] = rows[:, None] >> np.arange(4, -1, -1) & 1
    dots = np.kron(dots, np.ones((scale, scale), bool))
    place = picture[y: y + dots.shape[0], x: x + dots.shape[1]]
    place[dots[: place.shape[0], : place.shape[1]]] = _INK


def lay_out(pictures: list[np.ndarray], columns: int) -> np.ndarray:
    """Pictures (H, W, 3) of one size, row by row on paper; returns the sheet."""
    height, width = pictures[0].shape[:2]
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * (height + _GAP) + _GAP, columns * (width + _GAP) + _GAP, 3), _PAPER, np.uint8)
    for n, picture in enumerate(pictures):
        top, left = _GAP + n // columns * (height + _GAP), _GAP + n % columns * (width + _GAP)
        sheet[top: top + height, left: left + width] = picture
    return sheet


def save_png(path: str | Path, picture: np.ndarray) -> None:
    """Write (H, W, 3) bytes as a PNG; GalateaError when the file cannot be written."""
    height, width = picture.shape[:2]
    rows = np.concatenate([np.zeros((height, 1), np.uint8), picture.reshape(height, width * 3)], axis=1)
    content = b"\x89PNG\r\n\x1a\n" + b"".join((
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
        _chunk(b"IEND", b""),
    ))
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise GalateaError(f"{path} cannot be written: {error.strerror or error}; name another file") from error


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
