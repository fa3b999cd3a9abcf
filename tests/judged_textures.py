# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be true of a texture generator's maps, whatever pack they come from."""

import numpy as np

from blender_addon.inference.sessions import open_session
from blender_addon.texture.generating import MAPS, THREADS, Strip, blank_maps, fill_in, generate_maps, model_inputs
from blender_addon.texture.requests import TextureRequest
from blender_addon.texture.vocabulary import vocabulary


def make(pack, class_name, size=512, **more):
    return generate_maps(pack, TextureRequest(class_name, width=size, height=size, device="cpu", **more))


def inputs_of(pack, class_name, size=512, **more):
    mapping = open_session(pack, "mapping", "cpu", THREADS)
    request = TextureRequest(class_name, width=size, height=size, device="cpu", **more)
    return model_inputs(mapping, vocabulary(pack), request, request.seed)


def run(pack, inputs):
    height, width = inputs["grain"].shape[2:]
    maps = blank_maps(width, height)
    fill_in(maps, Strip(0, height, 0), open_session(pack, "model", "cpu", THREADS).run(inputs))
    return maps


def rolled_error(pack, class_name, size=512, cells=(1, 2), **more):
    """How far maps of rolled noise are from rolled maps at most, over all maps."""
    cell = vocabulary(pack).cell
    inputs = inputs_of(pack, class_name, size, **more)
    pixels = tuple(cell * count for count in cells)
    other = dict(inputs, noise=np.roll(inputs["noise"], cells, axis=(2, 3)),
                 grain=np.roll(inputs["grain"], pixels, axis=(2, 3)))
    maps, moved = run(pack, inputs), run(pack, other)
    return max(np.abs(np.roll(getattr(maps, name), pixels, axis=(0, 1)) - getattr(moved, name)).max() for name in MAPS)


def seam_excess(many):
    """{(map, axis): how hard maps change across their border, on average, over the 95th percentile of what they change
    from line to line inside}, of several seeds' maps."""
    found = {}
    for name in MAPS:
        for axis in (0, 1):
            borders, inside = [], []
            for maps in many:
                plane = np.moveaxis(getattr(maps, name), axis, 0).astype(np.float64)
                changes = np.abs(np.roll(plane, -1, axis=0) - plane)
                changes = changes.reshape(len(plane), -1).mean(axis=1)
                inside.append(changes[:-1])
                borders.append(changes[-1])
            strong = np.percentile(np.concatenate(inside), 95)
            found[name, axis] = np.mean(borders) / strong if strong > 0 else 0.0
    return found


def integrated(normal, depth):
    """The height (H, W) whose central differences around the torus are the slopes of a normal map, in the least squares
    sense (Frankot and Chellappa 1988); depth: how many pixels high 0 to 1 is. Without the four waves that central
    differences cannot see, the mean among them."""
    normal = normal.astype(np.float64)
    right, up = -normal[..., 0] / normal[..., 2], -normal[..., 1] / normal[..., 2]
    rows, columns = (np.sin(2.0 * np.pi * np.fft.fftfreq(count)) for count in up.shape)
    across, upwards = 1j * columns[None, :], -1j * rows[:, None]  # rows count downwards
    power = np.abs(across) ** 2 + np.abs(upwards) ** 2
    unseen = power < 1e-12
    solved = np.conj(across) * np.fft.fft2(right) + np.conj(upwards) * np.fft.fft2(up)
    return np.fft.ifft2(np.where(unseen, 0.0, solved / np.where(unseen, 1.0, power))).real / depth


def seen_by_differences(height):
    """A height (H, W) without the four waves that `integrated` cannot know."""
    waves = np.fft.fft2(height.astype(np.float64))
    rows, columns = height.shape
    waves[np.ix_([0, rows // 2], [0, columns // 2])] = 0.0
    return np.fft.ifft2(waves).real
