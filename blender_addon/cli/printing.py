# SPDX-License-Identifier: GPL-3.0-or-later
"""What verbs print and write: lines, tables, figures, JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import GalateaError

# told in lines of their own
_OF_KEYS = ("keys", "keys_every_frame", "key_error_mm")
_OF_FEET = ("foot_skate_before_cm_per_s", "foot_skate_cm_per_s")


def say(args: argparse.Namespace, line: str) -> None:
    """Print a line, where one is to be printed and somebody reads it."""
    if line and not args.quiet:
        try:
            print(line, flush=True)
        except BrokenPipeError:  # such as `| head`: the work goes on
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def progress(args: argparse.Namespace, line: str) -> None:
    """Tell someone who sits at a terminal what takes a while."""
    if not args.quiet and sys.stderr.isatty():
        print(f"galatea: {line}", file=sys.stderr, flush=True)


def table(args: argparse.Namespace, head: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "") -> None:
    """Columns side by side, each as wide as its widest cell."""
    lines = [head, *rows] if head else rows
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        say(args, indent + "  ".join(cells).rstrip())


def say_figures(args: argparse.Namespace, figures: Mapping[str, Any]) -> None:
    """The figures of what was made: those of its keys and its feet in words, the others by name."""
    feet = [figures[name] for name in _OF_FEET if name in figures]
    apart = (*_OF_KEYS, *_OF_FEET) if len(feet) == 2 else _OF_KEYS
    others = [f"{name.replace('_', ' ')} {short(value)}" for name, value in figures.items() if name not in apart]
    say(args, f"figures    {', '.join(others)}" if others else "")
    if len(feet) == 2:
        before, after = feet
        say(args, f"feet       slid {before:.1f} cm/s while they stood, {after:.1f} once locked "
                  "(before keys were thinned)")
    if "keys" in figures:
        keys, every, error = figures["keys"], figures.get("keys_every_frame", 0), figures.get("key_error_mm", 0.0)
        share = f", {100.0 * keys / every:.0f} % of {every:,.0f} with one on every frame" if every else ""
        say(args, f"keys       {keys:,.0f}{share}; joints are off by {error:.2f} mm at most")


def by(result: Any) -> str:
    """The pack that made something, and what it ran on."""
    return f"{result.pack} {result.pack_version} on {result.provider.removesuffix('ExecutionProvider')}"


def say_device(args: argparse.Namespace, *results: Any) -> None:
    """Why what was asked for did not run, or for `auto` no GPU: each reason once."""
    for why in dict.fromkeys(result.why_not for result in results if result.why_not):
        say(args, f"device     {why}")


def say_notes(args: argparse.Namespace, notes: Iterable[str]) -> None:
    """What people should know, a line each."""
    for note in notes:
        say(args, f"note       {note}")


def short(value: Any) -> str:
    """A number with four figures, anything else as it is."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def flat(nested: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    """(dotted name, value) for everything in nested tables."""
    for name, value in nested.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{name}.")
        else:
            yield before + name, value


# --- files ------------------------------------------------------------------------------------------------------


def check_writable(path: Path | None) -> None:
    """Say before the work, not after it, that a file cannot be written where it is wanted."""
    if path is None:
        return
    if path.is_dir():
        raise GalateaError(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise GalateaError(f"there is no folder {path.parent}; make it, or write {path.name} elsewhere")
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise GalateaError(f"{path} cannot be written; choose another place or mend its permissions")


def check_apart(rig: str, written: Mapping[str, str | Path | None], read: Mapping[str, Sequence[str]]) -> None:
    """GalateaError when a file would be lost: one that is named twice, or that is read and then written over.

    rig: FILE or FILE:ARMATURE, whose own file --out may be. written, read: option -> the files it names.
    """
    rigs, seen = _meant(rig), {}
    sources = {path: option for option, names in read.items() for name in names for path in _meant(name)}
    for option, path in written.items():
        if not path:
            continue
        whole = Path(path).resolve()
        own = option == "--out" and whole in rigs
        if whole in seen:
            raise GalateaError(f"{path} is named for {seen[whole]} and for {option}; give them two names")
        if whole in rigs and not own:
            raise GalateaError(f"{path} is the rig and would be overwritten by {option}; give it another name")
        if whole in sources and not own:
            raise GalateaError(f"{path} is named for {sources[whole]} and would be overwritten by {option}; "
                               "give it another name")
        seen[whole] = option


def _meant(name: str) -> set[Path]:
    """The files that FILE or FILE:ARMATURE may mean."""
    return {Path(file).resolve() for file in (name, name.rpartition(":")[0]) if file}


def write_json(args: argparse.Namespace, content: dict[str, Any]) -> None:
    """Write --json in one go: a file that is there is whole."""
    if not args.json:
        return
    text = json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n"
    half = args.json.with_name(f".{args.json.name}.{os.getpid()}")
    try:
        half.write_text(text, encoding="utf-8")
        half.replace(args.json)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise GalateaError(f"cannot write {args.json}: {error.strerror or error}; choose another place") from error
