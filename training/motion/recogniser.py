# SPDX-License-Identifier: GPL-3.0-or-later
"""A small network that names the action in about two seconds of motion, and in whose features motions are compared.

Published scores use recognisers trained on the data they are published for (Guo et al. 2020, Action2Motion); this one
is trained on our own training clips, so its figures mean something beside each other and beside real clips, and
nothing beside published ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from blender_addon.motion import state_features as state
from blender_addon.motion.clip import Clip
from blender_addon.motion.mirroring import mirror

from .real_motion import Stretch

WINDOW = 60   # frames at most; shorter clips give one window
EVERY = 15    # frames from one window to the next
FEATURES = 32
STEPS = 1200
_SHORTEST = 24
_BATCH = 64
_NOISE = 0.15  # added while training, of each number's spread: small twitches are not what tells actions apart
# Where the body goes and how it is held, seen from where it is and faces; no rotations, no contacts.
_SEEN = np.r_[state.MOVE, state.HEIGHT, state.POSITIONS, state.VELOCITIES]


class _Network(nn.Module):
    """Convolutions over time, the mean and the highest of what they find, and features (B, FEATURES) of that."""

    def __init__(self, numbers: int, actions: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(numbers, 96, 5, stride=2, padding=2)
        self.second = nn.Conv1d(96, 128, 5, stride=2, padding=2)
        self.third = nn.Conv1d(128, 128, 3, padding=1)
        self.features = nn.Linear(256, FEATURES)
        self.actions = nn.Linear(FEATURES, actions)
        self.drop = nn.Dropout(0.3)

    def forward(self, motion: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """motion (B, N, T) and there (B, 1, T), 1 where a window has frames -> features and logits (B, actions)."""
        x = torch.relu(self.first(motion * there))
        there = there[:, :, ::2]
        x = torch.relu(self.second(self.drop(x) * there))
        there = there[:, :, ::2]
        x = torch.relu(self.third(self.drop(x) * there)) * there
        pooled = torch.cat([x.sum(dim=2) / there.sum(dim=2), x.amax(dim=2)], dim=1)
        features = self.features(self.drop(pooled))
        return features, self.actions(torch.relu(self.drop(features)))


@dataclass(frozen=True, eq=False)
class Recogniser:
    """A trained network with the actions it knows and the mean and scale (N,) of what it sees."""

    network: _Network
    actions: tuple[str, ...]
    mean: np.ndarray
    scale: np.ndarray

    def look(self, windows: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Features (n, FEATURES) and probabilities (n, A) of windows (T, N), each of 24 to 60 frames."""
        features, probabilities = [np.zeros((0, FEATURES))], [np.zeros((0, len(self.actions)))]
        self.network.eval()
        with torch.no_grad():
            for first in range(0, len(windows), 512):
                motion, there = _batch([(w - self.mean) / self.scale for w in windows[first:first + 512]])
                found, logits = self.network(motion, there)
                features.append(found.double().numpy())
                probabilities.append(torch.softmax(logits, dim=1).double().numpy())
        return np.concatenate(features), np.concatenate(probabilities)


@dataclass(frozen=True, eq=False)
class Seen:
    """Windows of motion as the recogniser sees them: features (n, FEATURES), probabilities (n, A), action (n,) the one
    that was meant, take (n,) the number of the clip it is from, start (n,) its first frame there."""

    features: np.ndarray
    probabilities: np.ndarray
    action: np.ndarray
    take: np.ndarray
    start: np.ndarray

    def __len__(self) -> int:
        return len(self.action)

    def only(self, chosen: np.ndarray) -> Seen:
        """Those chosen by number or mask."""
        return Seen(*(getattr(self, name)[chosen] for name in ("features", "probabilities", "action", "take", "start")))

    @property
    def right(self) -> np.ndarray:
        """(n,) whether the likeliest action is the one that was meant."""
        return self.probabilities.argmax(axis=1) == self.action


def seen_numbers(clip: Clip) -> np.ndarray:
    """(T, N) what the recogniser sees of each frame."""
    if clip.contacts is None:
        clip = replace(clip, contacts=np.zeros((clip.frames, 4), dtype=bool))
    return state.make_sequence(clip).states[:, _SEEN].astype(np.float32)


def window_starts(frames: int) -> list[tuple[int, int]]:
    """(first frame, one after the last) of the windows of a clip, one for a short clip."""
    if frames <= WINDOW:
        return [(0, frames)]
    return [(first, first + WINDOW) for first in range(0, frames - WINDOW + 1, EVERY)]


def see(recogniser: Recogniser, clips: Sequence[Clip], action: str, takes: Sequence[int], mirrored: bool = False
        ) -> Seen:
    """All windows of clips that are meant to show an action, and with `mirrored` of their mirror images."""
    windows: list[np.ndarray] = []
    about: list[tuple[int, int]] = []
    for clip, take in zip(clips, takes, strict=True):
        for one in (clip, mirror(clip)) if mirrored else (clip,):
            numbers = seen_numbers(one)
            for first, stop in window_starts(one.frames):
                windows.append(numbers[first:stop])
                about.append((take, first))
    features, probabilities = recogniser.look(windows)
    take, start = np.array(about, dtype=int).reshape(-1, 2).T
    number = recogniser.actions.index(action) if action in recogniser.actions else -1
    return Seen(features, probabilities, np.full(len(windows), number), take, start)


def together(parts: Sequence[Seen]) -> Seen:
    """Windows of several actions; take numbers are to differ already."""
    return Seen(*(np.concatenate([getattr(part, name) for part in parts])
                  for name in ("features", "probabilities", "action", "take", "start")))


def train_recogniser(stretches: Sequence[Stretch], seed: int = 0, steps: int = STEPS) -> Recogniser:
    """Learn to tell the stretches' actions apart, each drawn as often as any other, mirrored or not.

    Seeded: the same stretches give the same network on one machine.
    """
    actions = tuple(sorted({s.action for s in stretches}))
    sequences = [(seen_numbers(clip), actions.index(s.action)) for s in stretches for clip in (s.clip, mirror(s.clip))]
    everything = np.concatenate([numbers for numbers, _ in sequences])
    mean, scale = everything.mean(axis=0), np.maximum(everything.std(axis=0), 0.02)
    sequences = [((numbers - mean) / scale, action) for numbers, action in sequences]
    by_action = [[numbers for numbers, own in sequences if own == action] for action in range(len(actions))]
    shares = [np.array([len(numbers) for numbers in group], dtype=float) for group in by_action]

    rng = np.random.default_rng(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = _Network(len(mean), len(actions))
        optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
        network.train()
        for _ in tqdm(range(steps), desc="recogniser", unit="step"):
            wanted = rng.integers(len(actions), size=_BATCH)
            drawn = []
            for action in wanted:
                group, share = by_action[action], shares[action]
                numbers = group[rng.choice(len(group), p=share / share.sum())]
                length = min(len(numbers), int(rng.integers(_SHORTEST, WINDOW + 1)))
                first = rng.integers(len(numbers) - length + 1)
                drawn.append(numbers[first:first + length])
            motion, there = _batch(drawn)
            _, logits = network(motion + _NOISE * torch.randn_like(motion), there)
            loss = nn.functional.cross_entropy(logits, torch.as_tensor(wanted), label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return Recogniser(network.eval(), actions, mean, scale)


def cached_recogniser(stretches: Sequence[Stretch], folder: Path, seed: int = 0, steps: int = STEPS) -> Recogniser:
    """The one in `folder` that was trained on these very stretches, or a new one, which is left there."""
    digest = hashlib.sha256(f"{seed} {steps} {_NOISE}".encode())
    for stretch in stretches:
        digest.update(f"{stretch.action} {stretch.clip.frames}".encode())
        digest.update(np.ascontiguousarray(stretch.clip.rotations[::10]).tobytes())
    path = folder / f"recogniser-{digest.hexdigest()[:12]}.pt"
    if path.is_file():
        kept = torch.load(path, weights_only=True)
        network = _Network(len(kept["mean"]), len(kept["actions"]))
        network.load_state_dict(kept["network"])
        return Recogniser(network.eval(), tuple(kept["actions"]), kept["mean"].numpy(), kept["scale"].numpy())
    made = train_recogniser(stretches, seed, steps)
    torch.save({"network": made.network.state_dict(), "actions": list(made.actions),
                "mean": torch.as_tensor(made.mean), "scale": torch.as_tensor(made.scale)}, path)
    return made


def _batch(windows: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """(B, N, WINDOW) and (B, 1, WINDOW) of windows (T, N), ends filled with nothing."""
    motion = np.zeros((len(windows), WINDOW, windows[0].shape[1]), dtype=np.float32)
    there = np.zeros((len(windows), 1, WINDOW), dtype=np.float32)
    for i, window in enumerate(windows):
        motion[i, :len(window)] = window
        there[i, 0, :len(window)] = 1.0
    return torch.as_tensor(motion).transpose(1, 2), torch.as_tensor(there)
