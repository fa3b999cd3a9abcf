# SPDX-License-Identifier: GPL-3.0-or-later
"""PNG files: Pillow, which knows nothing of ours, reads back every bit; the chunks are those of the specification."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from blender_addon.texture import png


def pillow(data):
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def chunks(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, found = 8, []
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0] == zlib.crc32(kind + body)
        found.append((kind, body))
        at += 12 + size
    return found


def smooth_and_rough(height, width, channels, seed=0):
    """A ramp beside noise, so that every filter has its rows."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0.0, 1.0, width)[None, :, None] * np.linspace(0.2, 1.0, height)[:, None, None]
    noise = rng.random((height, width, channels)) * (np.arange(height) % 40 > 35)[:, None, None]
    return np.clip(ramp + 0.5 * noise, 0.0, 1.0)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([1, 3, 4]), st.integers(0, 99))
def test_eight_bits_come_back_from_pillow(height, width, channels, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels)).astype(np.uint8)
    pixels = pixels[..., 0] if channels == 1 else pixels
    picture = pillow(png.encode(pixels))
    assert picture.mode == {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    assert np.array_equal(np.asarray(picture), pixels)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 99))
def test_sixteen_bits_come_back_from_pillow(height, width, seed):
    pixels = np.random.default_rng(seed).integers(0, 65536, (height, width)).astype(np.uint16)
    picture = pillow(png.encode(pixels))
    assert picture.mode == "I;16"
    assert np.array_equal(np.asarray(picture).astype(np.uint16), pixels)


def test_what_is_smooth_gets_small():
    rows = np.arange(300)[:, None, None] + np.arange(200)[None, :, None] // 3 + np.array([0, 3, 9])
    pixels = (rows % 256).astype(np.uint8)
    unfiltered = zlib.compress(np.pad(pixels.reshape(300, -1), ((0, 0), (1, 0))).tobytes(), 6)
    assert len(png.encode(pixels)) < 0.5 * len(unfiltered)


def test_pictures_of_several_bands_come_back():
    values = smooth_and_rough(300, 200, 3)
    pixels = png.to_bits(values)
    data = png.encode(pixels)
    assert np.array_equal(np.asarray(pillow(data)), pixels)
    heights = png.to_bits(values[..., 0], 16)
    assert np.array_equal(np.asarray(pillow(png.encode(heights))), heights)


def test_sixteen_bits_of_three_channels_are_big_endian_in_the_file():
    """Pillow brings these down to eight bits, so the file is undone by hand."""
    pixels = np.random.default_rng(1).integers(0, 65536, (5, 4, 3)).astype(np.uint16)
    found = chunks(png.encode(pixels))
    assert struct.unpack(">IIBBBBB", found[0][1]) == (4, 5, 16, 2, 0, 0, 0)
    rows = np.frombuffer(zlib.decompress(b"".join(body for kind, body in found if kind == b"IDAT")), np.uint8)
    rows = rows.reshape(5, -1)
    assert rows[0, 0] in (0, 1)  # nothing above the first row
    first = rows[0, 1:] if rows[0, 0] == 0 else np.cumsum(rows[0, 1:].reshape(4, 6), axis=0, dtype=np.uint8).ravel()
    assert np.array_equal(first.view(">u2").reshape(4, 3), pixels[0])
    assert np.array_equal(np.asarray(pillow(png.encode(pixels))), pixels >> 8)


def test_chunks_say_what_the_numbers_are():
    pixels = np.zeros((2, 3, 3), np.uint8)
    colour = png.encode(pixels, srgb=True, text={"Title": "Häute", "Software": "Galatea"})
    kinds = [kind for kind, _ in chunks(colour)]
    assert kinds[0] == b"IHDR" and kinds[-1] == b"IEND" and kinds.count(b"sRGB") == 1
    assert kinds.index(b"sRGB") < kinds.index(b"IDAT")
    assert pillow(colour).info["srgb"] == 0
    assert pillow(colour).text == {"Title": "Häute", "Software": "Galatea"}
    assert "srgb" not in pillow(png.encode(pixels)).info  # data


@pytest.mark.parametrize("pixels", [np.zeros((2, 2), np.float32), np.zeros((2, 2, 2), np.uint8),
                                    np.zeros((2, 2, 3), np.int16)])
def test_what_is_no_picture_is_refused(pixels):
    with pytest.raises(ValueError, match="no picture"):
        png.encode(pixels)


def test_numbers_are_rounded_and_clipped():
    values = np.array([-0.5, 0.0, 0.5 / 255 + 1e-6, 1.0 - 0.4 / 255, 1.0, 7.0], np.float32)
    assert png.to_bits(values).tolist() == [0, 0, 1, 255, 255, 255]
    assert png.to_bits(values, 16).tolist()[-2:] == [65535, 65535]
    steps = np.arange(65536) / 65535.0
    assert np.array_equal(png.to_bits(steps.astype(np.float32), 16), np.arange(65536))
    assert np.array_equal(png.to_bits(np.arange(256, dtype=np.float32) / 255.0), np.arange(256))


def test_the_same_pixels_make_the_same_file():
    pixels = png.to_bits(smooth_and_rough(90, 50, 3))
    assert png.encode(pixels) == png.encode(pixels.copy())
