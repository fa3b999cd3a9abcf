# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether motion moves as much as captures of the same action do: without being told, a model comes to rest.

What a stretch on drawn latents should look like no capture says, so it is not held against the one that it began from
alone: kicks that come when they like would be worn down to the middle between a kick and a stance. The mean square of
each joint's speed, the energy, is compared by action, over the stretches of many batches.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_KEPT = 0.95      # of the means from batch to batch: they reach over about twenty
_STILL = 9e-4     # (m/s)^2 below which more or less does not show


def no_means(actions: int, joints: int, device: str) -> Tensor:
    """(4, A, J) to begin with: by action and joint, of what was made and its frames, of what was captured and its."""
    return torch.zeros(4, actions, joints, device=device)


def energy_apart(made: Tensor, made_action: Tensor, captured: Tensor, captured_action: Tensor, fps: float, means: Tensor
                 ) -> tuple[Tensor, Tensor]:
    """How far apart the speeds of what was made and captured are, as logarithms, the mean over actions and joints; and
    the means with this batch.

    made, captured: (B, T, J, 3) metres; their actions: (B, T, A) weights; means: (4, A, J) over batches before.
    """
    sums = []
    for joints, action in ((made, made_action), (captured, captured_action)):
        energy = torch.einsum("bta,btj->aj", action[:, 1:], torch.diff(joints, dim=1).square().sum(-1) * fps ** 2)
        sums += [energy, action[:, 1:].sum((0, 1))[:, None].expand_as(energy)]
    batch = torch.stack(sums)
    begun = (means[1] > 0.0) & (means[3] > 0.0)
    after = torch.lerp(batch, torch.where(begun, means, batch.detach()), _KEPT)
    own, real = (after[i] / after[i + 1].clamp(min=1e-6) + _STILL for i in (0, 2))
    apart = 0.5 * (own / real).log() * ((after[1] > 1e-3) & (after[3] > 1e-3))
    loss = functional.smooth_l1_loss(apart, torch.zeros_like(apart), beta=0.1)
    # only this batch's share of the means can be learnt from, so its slope counts for all of them
    return loss + (loss - loss.detach()) * (_KEPT / (1.0 - _KEPT)), after.detach()
