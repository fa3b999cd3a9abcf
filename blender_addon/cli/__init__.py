# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, one parser for both doors: `galatea VERB ...` and `blender --command galatea VERB ...`.

Exit status 0: done; 1: failed, with one line on stderr that says what and how to mend it; 2: called wrongly.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from ..errors import GalateaError
from . import characters, clips, inbetween, motions, packs, rigs, textures


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; `argv` is without the program's name, sys.argv[1:] by default. Returns the exit status."""
    try:
        args = parser().parse_args(sys.argv[1:] if argv is None else list(argv))
    except SystemExit as stop:  # argparse ends the process; inside Blender that is not ours to do
        return stop.code if isinstance(stop.code, int) else 2
    debug = os.environ.get("GALATEA_DEBUG", "") not in ("", "0")
    try:
        return args.run(args)
    except GalateaError as error:
        failure, told = error, str(error)
    except KeyboardInterrupt as error:
        failure, told = error, "cancelled"
    except Exception as error:  # noqa: BLE001 - the last door: whatever it is, a shell gets one line and a status
        failure, told = error, f"unexpected {type(error).__name__}: {error}; this is a fault of Galatea"
        told += "" if debug else ", set GALATEA_DEBUG=1 to see where and report it"
    if debug:
        traceback.print_exception(failure)
    print(f"galatea: {' '.join(told.split())}", file=sys.stderr)
    return 1


class _Parser(argparse.ArgumentParser):
    """One that says what was called wrongly in words that are no programmer's."""

    def __init__(self, **about: Any) -> None:
        super().__init__(**about)
        self.register("type", int, _whole_number)
        self.register("type", float, _number)

    def error(self, message: str) -> NoReturn:
        absent = message.removeprefix("the following arguments are required: ")
        super().error(f"{absent} must be given" if absent != message else message.removeprefix("argument "))


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


def parser() -> argparse.ArgumentParser:
    """The whole command line; each verb is in the module that runs it."""
    every = argparse.ArgumentParser(add_help=False)
    every.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed gives the same result")
    every.add_argument("--json", type=Path, metavar="FILE", help="write what was done, and its figures, as JSON")
    every.add_argument("--quiet", action="store_true", help="print nothing but errors")
    top = _Parser(prog="galatea", description="Characters, motion and materials, made on your own machine.")
    verbs = top.add_subparsers(required=True, metavar="VERB", title="verbs")
    motions.add_verbs(verbs, every)
    inbetween.add_verbs(verbs, every)
    textures.add_verbs(verbs, every)
    characters.add_verbs(verbs, every)
    clips.add_verbs(verbs, every)
    rigs.add_verbs(verbs, every)
    packs.add_verbs(verbs, every)
    return top
