# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a motion generator's session: it walks where it is led and writes down what it was told."""

from types import SimpleNamespace

import numpy as np

from blender_addon.motion.planning import plan_motion
from blender_addon.motion.rotations import quat_about_z
from blender_addon.motion.skeleton import CANONICAL

ACTIONS, STYLES, AHEAD = ["walk", "run", "idle"], ["old", "proud"], [0.2, 0.5, 1.0]
WARM_UP, LATENT, HELD = 20, 3, 15
PACK = SimpleNamespace(content={
    "fps": 30,
    "skeleton": {"joints": list(CANONICAL.names), "parents": list(CANONICAL.parents),
                 "offsets": CANONICAL.offsets.tolist()},
    "generator": {"actions": ACTIONS, "styles": STYLES, "latent": LATENT, "latent_frames": HELD,
                  "warmup_frames": WARM_UP, "trajectory_seconds": AHEAD,
                  "natural_speed": {"walk": 1.2, "run": 3.0, "idle": 0.0}},
})


class Walker:
    """A session whose body goes to the first wanted place, `able` times as fast as it is led, facing as wanted."""

    def __init__(self, able: float = 1.0, holds: bool = False):
        self.able = able
        sizes = {"state": ("batch", 5), "hidden": (2, "batch", 4), "cell": (2, "batch", 4), "root": ("batch", 3),
                 "trajectory": ("batch", len(AHEAD), 4), "action": ("batch", len(ACTIONS)),
                 "style": ("batch", len(STYLES)), "latent": ("batch", LATENT)}
        if holds:  # a graph that keeps the latent itself
            sizes |= {"held": ("batch", LATENT), "fresh": ("batch", 1)}
        self.carried = [name for name in ("state", "hidden", "cell", "root", "held") if name in sizes]
        self.graph = SimpleNamespace(inputs=[SimpleNamespace(name=n, shape=s) for n, s in sizes.items()])
        self.told: list[dict[str, np.ndarray]] = []  # the inputs of every step, in all its takes
        self.shapes = sizes

    def stepper(self, inputs, feedback):
        assert {name: array.shape for name, array in inputs.items()} == {
            name: tuple(len(inputs["root"]) if size == "batch" else size for size in shape)
            for name, shape in self.shapes.items()}
        assert feedback == {name: f"next_{name}" for name in self.carried}
        return _Steps(self, inputs)

    def kept(self, name: str) -> np.ndarray:
        """(T, B, ...) what it was told after warming up, in its only take."""
        return np.array([told[name] for told in self.told[WARM_UP:]])


class _Steps:
    """Like the real one it reads another array of each state in turn, so that an array kept from before is stale."""

    def __init__(self, walker: Walker, inputs):
        self.walker = walker
        self.inputs = {name: np.array(array, np.float32) for name, array in inputs.items()}

    def step(self):
        told = {name: array.copy() for name, array in self.inputs.items()}
        self.walker.told.append(told)
        root, first = told["root"].astype(float), told["trajectory"][:, 0].astype(float)
        frames = AHEAD[0] * 30 + 1  # the first wanted place is that far ahead of the last pose
        following = (first[:, 2:] != 0).any(axis=1)
        root[:, :2] += np.where(following[:, None], (first[:, :2] - root[:, :2]) * self.walker.able / frames, 0.0)
        root[:, 2] = np.where(following, np.arctan2(first[:, 2], -first[:, 3]), root[:, 2])
        batch = len(root)
        rotations = np.tile([1.0, 0, 0, 0], (batch, 22, 1))
        rotations[:, 0] = quat_about_z(root[:, 2]) * (-1.0) ** len(self.walker.told)  # its sign means nothing
        nexts = {name: told[name] + 1.0 for name in ("state", "hidden", "cell")} | {"root": root.astype(np.float32)}
        if "held" in told:
            nexts["held"] = np.where(told["fresh"] > 0.0, told["latent"], told["held"])
        self.inputs = self.inputs | nexts
        contacts = np.tile([0.9, 0.2, 0.6, 0.4], (batch, 1))
        return {f"next_{name}": array for name, array in nexts.items()} | {
            "height": np.full(batch, 0.9), "rotations": rotations, "contacts": contacts}


def plan(parts=(("walk", None),), style="", seconds=2.0, speed=1.0, points=None, cyclic=False, start=(0.0, 0.0),
         heading=0.0, spare=0.0, lead=None):
    return plan_motion(PACK, parts, style, seconds, speed, points, cyclic, start, heading, spare, lead)
