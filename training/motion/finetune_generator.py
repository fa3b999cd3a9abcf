# SPDX-License-Identifier: GPL-3.0-or-later
"""Teach a motion generator more from clips of your own:

    python -m training finetune motion-generator --data runs/mine.npz --run runs/mine

It begins with the weights that a pack holds, not with a checkpoint. Actions and styles that the pack has not are added
to its words; those it has and the clips have not are kept by replaying them (replay.py). What only training has, the
reader of latents and the critic, is not in a pack and is made anew: the reader is taught first, while the network
stands still.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import Pack, models_folder, read_pack

from .clips import ClipSet, load_clips, save_clips, together
from .corpus import LEAST_SECONDS, Corpus, build_corpus, draw_windows, in_terms_of, seconds_of
from .generator import Generator, GeneratorShape
from .generator_losses import losses_of, roll_out, show
from .generator_schedule import Continued, Schedule
from .pack_weights import load_generator
from .replay import SUBJECT, replay
from .train_generator import AHEAD, Run, begin, check_device, drawn_as_often, go_on, told_schedule

_READER_STEPS = 150
_READER_RATE = 1e-3
_TINY = 128  # units of the LSTM below which a network is one of a test's


@dataclass(frozen=True)
class Tuning(Continued):
    """Like going on from a run, gently; but the critic, made anew, is to learn first."""

    rate: float = 2e-4
    average: float = 0.999

    def drawn_windows(self, share: float) -> int:
        """None in the first quarter."""
        return super(Continued, self).drawn_windows(share)


def finetune(data: Path, pack: Path | None, folder: Path, steps: int, seed: int, device: str, checkpoint_every: int,
             stop_after: int | None, once: Sequence[str] = (), minutes: float = 0.0,
             often: Mapping[str, float] | None = None) -> None:
    """Teach a pack's network what the clips of `data` show; leaves what `train` leaves in `folder`.

    once, minutes, often: as `train` has them.
    """
    check_device(device)
    base = _read_generator(pack or models_folder() / "motion-generator")
    model = load_generator(base)
    own = load_clips(data)
    folder.mkdir(parents=True, exist_ok=True)
    corpus = _corpus(own, base, folder, seed, once)
    corpus = replace(corpus, often=drawn_as_often(often or {}, corpus))
    tiny = model.shape.hidden < _TINY
    schedule = Tuning(steps, batch=8, window=32, half=False) if tiny else Tuning(steps, minutes)
    run = begin(widen(model, len(corpus.actions), len(corpus.styles), seed), "tiny" if tiny else "full", seed, device)
    if not (folder / "checkpoint.pt").is_file():
        _teach_reader(run, corpus, schedule, seed, device)
    command = (f"python -m training finetune motion-generator --data {data} --pack {base.id} --run {folder}"
               + told_schedule(steps, minutes, often or {}) + f" --seed {seed}")
    told = base.content["training"]
    about = {"command": command,
             "before": {"commands": [told["command"]], "steps": told["steps"], "seconds": told["seconds"]},
             "base": {"id": base.id, "version": base.version, "data": list(base.data), "clips": told["clips"]}}
    go_on(run, corpus, schedule, folder, about, seed, "tiny" if tiny else "full", device, checkpoint_every, stop_after)


def _read_generator(folder: Path) -> Pack:
    pack = read_pack(folder)
    if pack.kind != "motion-generator":
        raise GalateaError(f"{folder} is a {pack.kind} pack; name a motion-generator")
    return pack


# --- what is learnt from --------------------------------------------------------------------------------------------


def _corpus(own: ClipSet, base: Pack, folder: Path, seed: int, once: Sequence[str]) -> Corpus:
    """The clips and what the pack is to keep, in the pack's words and units; GalateaError when nothing can be learnt.

    What was replayed is kept in `folder`: a run that goes on must see the same.
    """
    seconds = seconds_of(own)
    enough = [action for action, length in seconds.items() if length >= LEAST_SECONDS]
    few = [f"{action} ({length:.0f} s)" for action, length in seconds.items() if length < LEAST_SECONDS]
    if not enough:
        raise GalateaError(f"no action has {LEAST_SECONDS:g} seconds of training clips, mirrored ones counted; there "
                           f"is {', '.join(few) or 'none'}; see the table that prepare printed")
    if few:
        print(f"too little to be learnt, {LEAST_SECONDS:g} s with mirrored ones are the least: {', '.join(few)}")
    kept = [action for action in base.words("actions") if action not in enough]
    path = folder / "replayed.npz"
    if not path.is_file() and kept:
        print(f"{base.id} shows what it can do, so that it is kept: {', '.join(kept)} ...", flush=True)
        labels, clips = replay(base, kept, seed)
        save_clips(path, labels, clips, [np.ones(clip.frames, dtype=bool) for clip in clips])
    once = (*once, *base.content["generator"].get("once", ()))
    corpus = build_corpus(together(own, load_clips(path)) if kept else own, seed, once)
    corpus = replace(corpus, labels=tuple(label for label in corpus.labels if label.subject != SUBJECT),
                     minutes=_half_of_each(corpus.minutes, enough))
    return _in_terms_of(corpus, base, kept)


def _half_of_each(minutes: dict[str, float], own: Sequence[str]) -> dict[str, float]:
    """Minutes such that, by their roots, the clips' actions are drawn as often as all that are only to be kept."""
    root = {action: length ** 0.5 for action, length in minutes.items()}
    kept = sum(length for action, length in root.items() if action not in own)
    share = sum(length for action, length in root.items() if action in own) / kept if kept else 1.0
    return {action: length if action in own else length * share ** 2 for action, length in minutes.items()}


def _in_terms_of(corpus: Corpus, base: Pack, kept: Sequence[str]) -> Corpus:
    """The corpus in the pack's words and units; what it keeps goes at the pack's pace."""
    generator = base.content["generator"]
    corpus = in_terms_of(corpus, base.words("actions"), base.words("styles"), generator["state_mean"],
                         generator["state_scale"])
    return replace(corpus, speed=corpus.speed | {action: generator["natural_speed"][action] for action in kept})


# --- the network ----------------------------------------------------------------------------------------------------


def widen(model: Generator, actions: int, styles: int, seed: int) -> Generator:
    """The same network with more words: a new one begins in the middle of those there are, and off it by a little."""
    state = model.state_dict()
    shape = GeneratorShape(**{**model.shape.as_dict(), "actions": actions, "styles": styles})
    wider = Generator(shape, *(state[name].numpy() for name in ("mean", "scale", "delta")))
    draws = torch.Generator().manual_seed(seed)
    had = {"action.weight": model.shape.actions, "style.weight": model.shape.styles}
    for name, words in had.items():
        state[name] = _more_columns(state[name][:, :words], wider.state_dict()[name].shape[1], draws)
    wider.load_state_dict(state)
    return wider


def _more_columns(weight: Tensor, count: int, draws: torch.Generator) -> Tensor:
    """(C, n) -> (C, count)."""
    new = count - weight.shape[1]
    middle = weight.mean(dim=1, keepdim=True) if weight.shape[1] else torch.zeros(len(weight), 1)
    off = 0.1 * torch.randn(len(weight), new, generator=draws)
    return torch.cat([weight, middle.expand(-1, new) + off], dim=1)


def _teach_reader(run: Run, corpus: Corpus, schedule: Schedule, seed: int, device: str) -> None:
    """Let the reader learn what latents the network, as it is, makes captures of."""
    optimiser = torch.optim.Adam(run.reader.parameters(), lr=_READER_RATE)
    frozen = replace(schedule, drawn=0.0)
    steps = _READER_STEPS if schedule.half else 10
    _let_learn(run.model, False)
    for step in tqdm(range(steps), desc="reading latents", unit="step"):
        rng = np.random.default_rng([seed, 1, step])
        torch.manual_seed(seed * 1_000_003 - step - 1)
        windows = draw_windows(corpus, schedule.batch, schedule.window, AHEAD, rng)
        shown = show(windows, run.model.shape.styles, frozen, 0.0, rng, device)
        with torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=schedule.half):
            made = roll_out(run.model, run.reader, shown, run.ends, frozen, 0.0)
        found = losses_of(run.model, made, frozen, frozen.latent_weight(0.0))
        found.pop("nats")
        optimiser.zero_grad(set_to_none=True)
        sum(found.values()).backward()
        nn.utils.clip_grad_norm_(run.reader.parameters(), 1.0)
        optimiser.step()
    _let_learn(run.model, True)


def _let_learn(model: nn.Module, learns: bool) -> None:
    for parameter in model.parameters():
        parameter.requires_grad_(learns)
