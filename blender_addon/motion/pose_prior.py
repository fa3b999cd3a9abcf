# SPDX-License-Identifier: GPL-3.0-or-later
"""What a body can do, by a pose-VAE pack: how plausible a pose is, the nearest that is, and the rest of one begun.

Poses are local rotations (N, 22, 4) of the canonical joints; which way the hips are turned about the vertical plays no
part and is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .inbetween_features import headings, turn_about_z
from .kinematics import forward_kinematics
from .rotations import quat_about_z, quat_inverse, quat_multiply, slerp
from .skeleton import CANONICAL

if TYPE_CHECKING:
    from ..inference.packs import Pack
    from ..inference.sessions import Session

JOINT_COUNT = len(CANONICAL.names)


@dataclass(frozen=True)
class PosePrior:
    """An open pose-VAE pack."""

    pack: Pack
    encoder: Session
    decoder: Session

    @property
    def latent(self) -> int:
        return self.pack.content["pose"]["latent"]


@dataclass(frozen=True, eq=False)
class Plausibility:
    """Of each pose: error (N,) mm by which the worst joint is off in what the model makes of it, distance (N,) of its
    latent from the middle in units of the usual spread, and whether either is beyond what real poses have."""

    error: np.ndarray
    distance: np.ndarray
    doubtful: np.ndarray


def open_pose_prior(pack: Pack, device: str = "auto") -> PosePrior:
    """Open both graphs of a pose-VAE pack. Raises PackError or DeviceError."""
    from ..inference.sessions import open_session

    return PosePrior(pack, open_session(pack, "encoder", device), open_session(pack, "decoder", device))


def encode(prior: PosePrior, rotations: np.ndarray, known: np.ndarray | None = None,
           places: np.ndarray | None = None, placed: np.ndarray | None = None) -> np.ndarray:
    """Latents (N, Z) of poses (N, 22, 4), of which the joints known (N, 22) are looked at, or all.

    places (N, 22, 3): where joints are, metres from the hips on the canonical body; placed (N, 22): which of them are
    looked at.
    """
    angle = -headings(rotations)
    shape = rotations.shape[:2]
    told = {
        "rotations": _upright(rotations, angle), "known": np.ones(shape) if known is None else known,
        "places": np.zeros((*shape, 3)) if placed is None else turn_about_z(np.where(placed[..., None], places, 0.0),
                                                                            angle),
        "placed": np.zeros(shape) if placed is None else placed,
    }
    return prior.encoder.run({name: np.asarray(value, dtype=np.float32) for name, value in told.items()}
                             )["mean"].astype(np.float64)


def decode(prior: PosePrior, latents: np.ndarray) -> np.ndarray:
    """Poses (N, 22, 4), facing -Y, of latents (N, Z)."""
    return prior.decoder.run({"latent": latents.astype(np.float32)})["rotations"].astype(np.float64)


def judge(prior: PosePrior, rotations: np.ndarray) -> Plausibility:
    """How plausible poses (N, 22, 4) are."""
    latents = encode(prior, rotations)
    error = joint_errors_mm(decode(prior, latents), _upright(rotations, -headings(rotations))).max(axis=-1)
    distance = np.linalg.norm(latents, axis=-1) / np.sqrt(prior.latent)
    limits = prior.pack.content["pose"]
    return Plausibility(error, distance, (error > limits["most_error_mm"]) | (distance > limits["most_distance"]))


def doubtful_keys(prior: PosePrior, rotations: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(T,) which whole keys of a clip, rotations (T, 22, 4) and known (T, 23), are no poses that real bodies take."""
    doubtful = np.zeros(len(rotations), dtype=bool)
    whole = np.flatnonzero(np.asarray(known, dtype=bool).all(axis=1))
    if len(whole):
        doubtful[whole] = judge(prior, rotations[whole]).doubtful
    return doubtful


def nearest(prior: PosePrior, rotations: np.ndarray) -> np.ndarray:
    """The nearest plausible poses (N, 22, 4): as the model would have made them, no further out than real ones are."""
    latents = encode(prior, rotations)
    length = np.linalg.norm(latents, axis=-1, keepdims=True) / np.sqrt(prior.latent)
    latents *= np.minimum(1.0, prior.pack.content["pose"]["most_distance"] / np.maximum(length, 1e-9))
    return _upright(decode(prior, latents), headings(rotations))


def complete(prior: PosePrior, rotations: np.ndarray, known: np.ndarray, places: np.ndarray | None = None,
             placed: np.ndarray | None = None) -> np.ndarray:
    """Poses (N, 22, 4) of which the joints known (N, 22) stay to the last bit, and the others follow from them.

    places, placed: see encode; joints are brought near their places, not onto them. Where the hips are not known they
    take the tilt that the model finds and the heading they have.
    """
    known = np.asarray(known, dtype=bool)
    shown = np.where(known[..., None], rotations, [1.0, 0.0, 0.0, 0.0])
    made = _upright(decode(prior, encode(prior, shown, known, places, placed)), headings(rotations))
    # of the two quaternions of a rotation, the one beside the pose there was
    made *= np.where(np.sum(made * rotations, axis=-1, keepdims=True) < 0.0, -1.0, 1.0)
    return np.where(known[..., None], rotations, made)


def random_poses(prior: PosePrior, count: int, seed: int, variety: float = 1.0) -> np.ndarray:
    """Random plausible poses (count, 22, 4), facing -Y; variety below 1 keeps them nearer to the usual."""
    draws = np.random.default_rng(seed).standard_normal((count, prior.latent))
    return decode(prior, variety * draws)


def blend(prior: PosePrior, a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Poses (N, 22, 4) on the way from a to b (22, 4), at shares (N,) of it, through plausible ones; ends exact."""
    ends = np.stack([a, b])
    latents = encode(prior, ends)
    share = np.asarray(share, dtype=np.float64)
    way = decode(prior, latents[0] + (latents[1] - latents[0]) * share[:, None])
    made, own = decode(prior, latents), _upright(ends, -headings(ends))
    # what the model cannot make of either end is faded in towards that end
    start, end = (quat_multiply(quat_inverse(m), o) for m, o in zip(made, own, strict=True))
    rest = slerp(start[None], end[None], np.repeat(share[:, None], JOINT_COUNT, axis=1))
    turn = headings(ends)
    turned = turn[0] + np.arctan2(np.sin(turn[1] - turn[0]), np.cos(turn[1] - turn[0])) * share
    return _upright(quat_multiply(way, rest), turned)


def joint_error_mm(made: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(N,) mean distance in mm between the joints of poses (N, 22, 4), hips upon hips."""
    return joint_errors_mm(made, true).mean(axis=-1)


def joint_errors_mm(made: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(N, 22) distance in mm between the joints of poses (N, 22, 4), hips upon hips."""
    places = [forward_kinematics(CANONICAL, pose, np.zeros((len(pose), 3)))[1] for pose in (made, true)]
    return np.linalg.norm(places[0] - places[1], axis=-1) * 1000.0


def _upright(rotations: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Poses with the hips turned by `angle` (N,) about the vertical."""
    rotations = np.array(rotations, dtype=np.float64)
    rotations[:, 0] = quat_multiply(quat_about_z(angle), rotations[:, 0])
    return rotations
