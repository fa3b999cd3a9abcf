# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a material: a sphere and a flat tile, lit from the side.

The surface reflects as Blender's Principled BSDF does without its extras: GGX with the height-correlated shadowing of
Heitz 2014 and Schlick's Fresnel term, over a Lambertian base (Burley 2012). A studio stands for the surroundings: a
light from the left, a faint one from the right, and a ceiling that is brighter than the floor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .generating import TextureMaps

# direction to the light (x to the right, y up, z to the eye), and its strength
LIGHTS = (((-0.80, 0.42, 0.42), 1.9), ((0.90, 0.10, 0.25), 0.25))
_CEILING, _FLOOR = 0.40, 0.08
_RAYS = 32_768  # in a band


@dataclass(frozen=True, eq=False)
class _Surface:
    """What is seen at some points: albedo (..., 3) linear, normal (..., 3), roughness and metallic (...)."""

    albedo: np.ndarray
    normal: np.ndarray
    roughness: np.ndarray
    metallic: np.ndarray


def lit_tile(maps: TextureMaps) -> np.ndarray:
    """The maps as they lie, lit from the left: (H, W, 3) float32, sRGB numbers 0 … 1."""
    surface = _Surface(_linear(maps.albedo), maps.normal, maps.roughness, maps.metallic)
    return _srgb(_shade(surface))


def preview_sphere(maps: TextureMaps, size: int = 256, smooth: int = 2) -> np.ndarray:
    """A sphere of the material on nothing: (size, size, 4) float32, sRGB numbers and how much of a pixel it covers.

    smooth: rays a pixel and axis. The maps lie once across it, around the point that faces the eye; equal areas stay
    equal (Lambert's azimuthal projection), so nothing is pinched.
    """
    return np.concatenate(list(sphere_in_slices(maps, size, smooth)))


def sphere_in_slices(maps: TextureMaps, size: int = 256, smooth: int = 2) -> Iterator[np.ndarray]:
    """The same picture in bands of rows, from the top, each the work of some hundredths of a second."""
    band = max(_RAYS // (size * smooth**2), 1)
    for first in range(0, size, band):
        yield _sphere_rows(maps, size, smooth, first, min(first + band, size))


def _sphere_rows(maps: TextureMaps, size: int, smooth: int, first: int, last: int) -> np.ndarray:
    """(last - first, size, 4)"""
    count = size * smooth
    places = (np.arange(count, dtype=np.float32) + 0.5) / count * 2.1 - 1.05
    across, up = np.meshgrid(places, -places[first * smooth:last * smooth])
    squared = across**2 + up**2
    hit = squared < 1.0
    outward = np.stack([across[hit], up[hit], np.sqrt(1.0 - squared[hit])], axis=-1)  # (N, 3)
    spread = 0.5 / np.sqrt(1.0 + outward[:, 2])  # half the map to each side, and sqrt(2) sin(a / 2) / sin(a) of it
    u = 0.5 + spread * outward[:, 0]
    v = 0.5 - spread * outward[:, 1] * (maps.size[0] / maps.size[1])
    seen = {name: _sample(getattr(maps, name), u, v) for name in ("albedo", "normal", "roughness", "metallic")}
    along = np.array([1.0, 0.0, 0.0], dtype=np.float32) - outward[:, :1] * outward
    along = _unit(along)
    axes = (along, np.cross(outward, along), outward)
    bent = _unit(sum(seen["normal"][:, i:i + 1] * axis for i, axis in enumerate(axes)))
    surface = _Surface(_linear(seen["albedo"]), bent, seen["roughness"], seen["metallic"])
    picture = np.zeros((*hit.shape, 4), dtype=np.float32)
    picture[hit, :3] = np.clip(_shade(surface, outward), 0.0, 1.0)
    picture[hit, 3] = 1.0
    picture = picture.reshape(last - first, smooth, size, smooth, 4).mean(axis=(1, 3))
    picture[..., :3] = _srgb(picture[..., :3] / np.maximum(picture[..., 3:], 1e-6))
    return picture


def _shade(surface: _Surface, outward: np.ndarray | None = None) -> np.ndarray:
    """Light towards an eye at (0, 0, 1), (..., 3) linear. outward: the surface itself, where it is not flat; what it
    turns away from a light stays dark whatever its normals say."""
    normal, metallic = surface.normal, surface.metallic[..., None]
    facing = np.clip(normal[..., 2:], 1e-3, 1.0)
    squared = np.maximum(surface.roughness[..., None], 0.03) ** 4  # alpha, squared
    base = 0.04 * (1.0 - metallic) + surface.albedo * metallic
    matte = surface.albedo * (1.0 - metallic) / np.pi
    light_sum = np.zeros_like(surface.albedo)
    for direction, strength in LIGHTS:
        towards = np.array(direction, dtype=np.float32) / np.float32(np.linalg.norm(direction))
        half = (towards + [0.0, 0.0, 1.0]).astype(np.float32)
        half /= np.linalg.norm(half)
        shone = np.clip(normal @ towards, 0.0, 1.0)[..., None]
        if outward is not None:
            shone = shone * np.clip(8.0 * (outward @ towards) + 1.0, 0.0, 1.0)[..., None]
        peak = np.clip(normal @ half, 0.0, 1.0)[..., None] ** 2
        distribution = squared / (np.pi * (peak * (squared - 1.0) + 1.0) ** 2)
        shadowing = 0.5 / (shone * np.sqrt(facing**2 * (1.0 - squared) + squared)
                           + facing * np.sqrt(shone**2 * (1.0 - squared) + squared) + 1e-6)
        fresnel = base + (1.0 - base) * np.float32(1.0 - half[2]) ** 5
        reflected = matte * (1.0 - fresnel) + distribution * shadowing * fresnel
        light_sum += np.float32(np.pi * strength) * shone * reflected
    # the surroundings, as the surface sees them all and as it mirrors them, blurred as far as it is rough
    rough = surface.roughness[..., None]
    glance = base + (np.maximum(1.0 - rough, base) - base) * (1.0 - facing) ** 5
    mirrored = 2.0 * normal[..., 2:] * normal[..., 1:2]
    return light_sum + np.pi * matte * _room(normal[..., 1:2], 1.0) + glance * _room(mirrored, rough)


def _room(up: np.ndarray, blur: np.ndarray | float) -> np.ndarray:
    """How bright the room is towards a height, -1 … 1: floor and ceiling, with a horizon that is as sharp as it is
    mirrored."""
    share = np.clip(0.5 + 0.5 * up / (0.25 + 0.75 * blur), 0.0, 1.0)
    return _FLOOR + (_CEILING - _FLOOR) * share


def _sample(plane: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A map at places in it, 0 … 1 from its left and its top, going on around; between pixels in a straight line."""
    rows, columns = plane.shape[:2]
    x, y = u * columns - 0.5, v * rows - 0.5
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    shape = (-1, 1) if plane.ndim == 3 else (-1,)
    right, down = ((place - whole).astype(np.float32).reshape(shape) for place, whole in ((x, left), (y, top)))
    corner = [[plane[(top + i) % rows, (left + j) % columns] for j in (0, 1)] for i in (0, 1)]
    above, below = (pair[0] * (1.0 - right) + pair[1] * right for pair in corner)
    return above * (1.0 - down) + below * down


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6)


def _linear(srgb: np.ndarray) -> np.ndarray:
    """sRGB numbers as light (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((np.maximum(srgb, 0.0) + 0.055) / 1.055) ** 2.4)


def _srgb(light: np.ndarray) -> np.ndarray:
    """Light as sRGB numbers, what is too bright clipped."""
    light = np.clip(light, 0.0, 1.0)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1.0 / 2.4) - 0.055).astype(np.float32)
