# SPDX-License-Identifier: GPL-3.0-or-later
"""PNG files with eight or sixteen bits a channel, after the specification (https://www.w3.org/TR/png-3), in numpy."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Generator, Mapping

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # channels: grey, RGB, RGBA
_BAND = 64  # rows that are filtered and packed at a time
_LEVEL = 6


def to_bits(values: np.ndarray, bits: int = 8) -> np.ndarray:
    """Numbers 0 … 1 as the nearest of 2 ** bits steps: uint8 or uint16, what lies outside clipped."""
    most = (1 << bits) - 1
    scaled = np.clip(values, 0.0, 1.0) * np.float32(most)
    return np.rint(scaled, out=scaled).astype(np.uint8 if bits == 8 else np.uint16)


def encode(pixels: np.ndarray, srgb: bool = False, text: Mapping[str, str] | None = None) -> bytes:
    """A whole file for (H, W), (H, W, 3) or (H, W, 4) of uint8 or uint16.

    srgb: say so in a chunk; without it the numbers are data. text: keywords (Latin letters, at most 79) and what they
    say, in UTF-8.
    """
    parts = list(encode_in_slices(pixels, srgb, text))
    return b"".join(parts)


def encode_in_slices(pixels: np.ndarray, srgb: bool = False, text: Mapping[str, str] | None = None
                     ) -> Generator[bytes, None, None]:
    """The same file piece by piece, each the work of some hundredths of a second."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    bits = 8 * pixels.dtype.itemsize
    if pixels.dtype not in (np.uint8, np.uint16) or channels not in _COLOUR_TYPES:
        raise ValueError(f"{pixels.dtype} {pixels.shape} is no picture; give (H, W), (H, W, 3) or (H, W, 4) of uint8 "
                         "or uint16")
    yield SIGNATURE + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, _COLOUR_TYPES[channels], 0, 0, 0))
    if srgb:
        yield _chunk(b"sRGB", b"\0")  # perceptual; it stands before the pixels
    for keyword, said in (text or {}).items():
        yield _chunk(b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + said.encode("utf-8"))
    step = channels * pixels.dtype.itemsize
    packer = zlib.compressobj(_LEVEL)
    above = np.zeros((1, width * step), dtype=np.uint8)
    for first in range(0, height, _BAND):
        band = np.ascontiguousarray(pixels[first:first + _BAND]).astype(pixels.dtype.newbyteorder(">"), copy=False)
        rows = band.reshape(len(band), -1).view(np.uint8)
        packed = packer.compress(_filtered(rows, np.concatenate([above, rows[:-1]]), step).tobytes())
        above = rows[-1:]
        yield _chunk(b"IDAT", packed) if packed else b""
    yield _chunk(b"IDAT", packer.flush()) + _chunk(b"IEND", b"")


def _filtered(rows: np.ndarray, above: np.ndarray, step: int) -> np.ndarray:
    """(N, 1 + bytes) rows with the filter before each that leaves the smallest numbers: the specification's advice."""
    left, corner = (np.pad(part[:, :-step], ((0, 0), (step, 0))) for part in (rows, above))
    mean = ((left.astype(np.uint16) + above) >> 1).astype(np.uint8)
    options = np.stack([rows, rows - left, rows - above, rows - mean, rows - _paeth(left, above, corner)])
    cost = np.abs(options.view(np.int8).astype(np.int16)).sum(axis=2, dtype=np.int64)
    kind = cost.argmin(axis=0)
    chosen = options[kind, np.arange(len(rows))]
    return np.concatenate([kind[:, None].astype(np.uint8), chosen], axis=1)


def _paeth(left: np.ndarray, above: np.ndarray, corner: np.ndarray) -> np.ndarray:
    """Of three neighbours the one nearest to left + above - corner."""
    wide_left, wide_above, wide_corner = (part.astype(np.int16) for part in (left, above, corner))
    guess = wide_left + wide_above - wide_corner
    far_left, far_above, far_corner = (np.abs(guess - part) for part in (wide_left, wide_above, wide_corner))
    return np.where((far_left <= far_above) & (far_left <= far_corner), left,
                    np.where(far_above <= far_corner, above, corner))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
