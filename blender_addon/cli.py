# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, one parser for both doors: `galatea VERB ...` and `blender --command galatea VERB ...`.

Exit status 0: done; 1: failed, with one line on stderr that says what and how to mend it; 2: called wrongly.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .errors import GalateaError
from .inference.devices import DEVICES

PACKS_VERBS = ("list", "info", "verify")


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


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    every = argparse.ArgumentParser(add_help=False)
    every.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed gives the same result")
    every.add_argument("--json", type=Path, metavar="FILE", help="write what was done, and its figures, as JSON")
    every.add_argument("--quiet", action="store_true", help="print nothing but errors")

    top = argparse.ArgumentParser(prog="galatea", description="Motion for your rigs, made on your own machine.")
    verbs = top.add_subparsers(required=True, metavar="VERB", title="verbs")

    motion = verbs.add_parser(
        "motion",
        parents=[every],
        help="generate motion onto a rig",
        description="Generate motion onto a rig. FILE may end in .blend .glb .gltf .fbx .bvh.",
    )
    motion.add_argument("--rig", required=True, metavar="FILE[:ARMATURE]", help="the rig to animate")
    motion.add_argument("--action", required=True, help="walk, or a list with seconds: walk:3,jump:1,walk:3")
    motion.add_argument("--out", required=True, metavar="FILE", help="where the animated rig goes")
    motion.add_argument("--style", default="", help="one of the pack's styles (see: galatea packs info)")
    motion.add_argument("--seconds", type=float, default=8.0, metavar="S", help="length (default: %(default)g)")
    motion.add_argument(
        "--speed", type=float, default=1.0, metavar="X", help="times the action's natural pace (default: %(default)g)"
    )
    motion.add_argument("--path", default="", metavar="CURVE", help="a curve object in the file to walk along")
    motion.add_argument("--loop", action="store_true", help="make the end meet the beginning")
    motion.add_argument("--in-place", action="store_true", help="leave the hips where they are")
    motion.add_argument("--start", type=int, default=1, metavar="FRAME", help="first frame (default: %(default)d)")
    motion.add_argument("--takes", type=int, default=1, metavar="N", help="how many variants (default: %(default)d)")
    motion.add_argument("--clip", default="", metavar="TAKE.bvh", help="also write the take on the canonical skeleton")
    motion.add_argument(
        "--device", default="auto", choices=DEVICES, metavar="DEVICE", help=f"{', '.join(DEVICES)} (default: auto)"
    )
    motion.add_argument("--pack", default="", metavar="ID", help="the model to use (default: the one that ships)")
    motion.set_defaults(run=_motion)

    packs = verbs.add_parser("packs", parents=[every], help="list, describe or check model packs")
    packs.add_argument("what", nargs="?", default="list", metavar="list|info|verify", help="(default: list)")
    packs.add_argument("folder", nargs="?", default="", metavar="FOLDER", help="a pack, or a folder of packs")
    packs.set_defaults(run=_packs, parser=packs)

    doctor = verbs.add_parser("doctor", parents=[every], help="versions, devices, what really runs the models")
    doctor.set_defaults(run=_doctor)

    demo = verbs.add_parser("demo", parents=[every])  # for `make demo`, so not in the list of verbs
    demo.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    demo.set_defaults(run=_demo)
    return top


# --- verbs ------------------------------------------------------------------------------------------------------


def _motion(args: argparse.Namespace) -> int:
    _check_writable(args.json)
    _check_apart(args)
    from . import api

    request = api.MotionRequest(
        action=args.action,
        style=args.style,
        seconds=args.seconds,
        speed=args.speed,
        path=args.path,
        loop=args.loop,
        in_place=args.in_place,
        start=args.start,
        takes=args.takes,
        seed=args.seed,
        device=args.device,
        pack=args.pack,
    )
    _progress(args, f"making {args.seconds:g} s of {args.action} for {args.rig} ...")
    result = api.animate_file(args.rig, request, args.out, args.clip)
    _write_json(args, result.as_dict())
    figures = ", ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in result.figures.items())
    why = f" ({result.why_not})" if result.why_not else ""
    _say(args, f"made       {', '.join(result.actions)}: {result.frames} frames, on a rig {result.scale:.2f} times "
               "the size of the body in the figures")
    _say(args, f"figures    {figures}" if figures else "")
    _say(args, f"with       {result.pack} {result.pack_version} on {result.provider}{why}, seed {result.seed}")
    _say(args, f"wrote      {', '.join(filter(None, (args.out, args.clip)))} in {result.seconds:.2f} s")
    return 0


def _check_apart(args: argparse.Namespace) -> None:
    """GalateaError when one file is named twice; only the rig's own file may be the one that is written."""
    rigs = {Path(name).resolve() for name in (args.rig, args.rig.rpartition(":")[0]) if name}  # FILE or FILE:ARMATURE
    named = [("--out", Path(args.out)), ("--clip", Path(args.clip) if args.clip else None), ("--json", args.json)]
    seen: dict[Path, str] = {}
    for option, path in named:
        if path is None:
            continue
        whole = path.resolve()
        if whole in seen:
            raise GalateaError(f"{path} is named for {seen[whole]} and for {option}; give them two names")
        if option != "--out" and whole in rigs:
            raise GalateaError(f"{path} is the rig and would be overwritten by {option}; give it another name")
        seen[whole] = option


def _packs(args: argparse.Namespace) -> int:
    if args.what not in PACKS_VERBS:
        if args.folder:
            args.parser.print_usage(sys.stderr)
            print(f"galatea packs: error: {args.what} is none of {', '.join(PACKS_VERBS)}", file=sys.stderr)
            return 2
        args.what, args.folder = "list", args.what  # `galatea packs FOLDER`
    _check_writable(args.json)
    return {"list": _packs_list, "info": _packs_info, "verify": _packs_verify}[args.what](args)


def _packs_list(args: argparse.Namespace) -> int:
    from . import api

    packs, problems = api.list_packs(args.folder)
    _write_json(args, {"packs": [pack.as_dict() for pack in packs], "problems": [str(error) for error in problems]})
    rows = [
        (pack.id, pack.kind, pack.version, pack.licence, f"{pack.bytes / 1e6:.1f} MB", str(pack.folder))
        for pack in packs
    ]
    if rows:
        _table(args, ("id", "kind", "version", "licence", "size", "where"), rows)
    else:
        _say(args, f"no packs in {', '.join(str(folder) for folder in api.pack_folders(args.folder))}")
    for error in problems:
        print(f"galatea: left out: {error}", file=sys.stderr)
    return 0


def _packs_info(args: argparse.Namespace) -> int:
    from . import api

    infos = api.pack_info(args.folder)
    _write_json(args, {"packs": infos})
    for info in infos:
        _say(args, f"{info['id']} {info['version']}: {info['title']}")
        _table(args, (), list(_info_rows(info)), indent="  ")
    return 0


def _info_rows(info: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for name in ("kind", "licence", "folder", "fps"):
        if name in info:
            yield name, str(info[name])
    for name in ("actions", "styles", "classes"):
        if info[name]:
            yield name, ", ".join(info[name])
    paces = info.get("generator", {}).get("natural_speed", {})
    if any(paces.values()):
        yield "natural pace", ", ".join(f"{action} {pace:g} m/s" for action, pace in paces.items() if pace)
    for source in info["data"]:
        yield "trained on", ", ".join(str(source[key]) for key in ("name", "licence", "credit", "url") if key in source)
    for graph in info["graphs"]:
        yield "graph", f"{graph['name']}: {graph['file']}, {graph['bytes'] / 1e6:.1f} MB, opset {graph['opset']}"
    for name, value in _flat(info.get("metrics", {})):
        yield "metric", f"{name} {_short(value)}"


def _packs_verify(args: argparse.Namespace) -> int:
    from . import api

    checks = api.verify_packs(args.folder)
    failed = [(pack, finding) for pack, finding in checks if not finding.ok]
    rows = [
        {"pack": pack, "check": finding.check, "ok": finding.ok, "detail": finding.detail} for pack, finding in checks
    ]
    _write_json(args, {"ok": not failed, "checks": rows})
    marks = {True: "ok", False: "FAILED"}
    _table(
        args,
        ("pack", "check", "", "found"),
        [(row["pack"], row["check"], marks[row["ok"]], row["detail"]) for row in rows],
    )
    if failed:
        raise GalateaError(f"{len(failed)} of {len(checks)} checks failed: {failed[0][1].detail}")
    return 0


def _doctor(args: argparse.Namespace) -> int:
    _check_writable(args.json)
    from . import api

    report = api.doctor_report()
    _write_json(args, report.as_dict())
    _table(args, (), [(row.name, row.value if row.ok else f"BROKEN: {row.value}") for row in report.rows])
    broken = [row for row in report.rows if not row.ok]
    if broken:
        raise GalateaError(f"{broken[0].name}: {broken[0].value}")
    return 0


def _demo(args: argparse.Namespace) -> int:
    from . import api

    result = api.make_demo(args.out)
    _write_json(args, result.as_dict())
    _say(args, f"made       {', '.join(result.actions)}: {result.frames} frames on {result.family}")
    _say(args, f"wrote      {', '.join(result.files)} in {result.seconds:.1f} s")
    return 0


# --- what is said and written -----------------------------------------------------------------------------------


def _say(args: argparse.Namespace, line: str) -> None:
    if line and not args.quiet:
        print(line, flush=True)


def _progress(args: argparse.Namespace, line: str) -> None:
    if not args.quiet and sys.stderr.isatty():
        print(f"galatea: {line}", file=sys.stderr, flush=True)


def _table(args: argparse.Namespace, head: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "") -> None:
    """Columns side by side, each as wide as its widest cell."""
    lines = [head, *rows] if head else rows
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        _say(args, indent + "  ".join(cells).rstrip())


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _flat(table: dict[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    """(dotted name, value) for everything in nested tables."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, value


def _check_writable(path: Path | None) -> None:
    """Say before the work, not after it, that --json cannot be written where it is wanted."""
    if path is None:
        return
    if path.is_dir():
        raise GalateaError(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise GalateaError(f"there is no folder {path.parent}; make it, or write {path.name} elsewhere")
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise GalateaError(f"{path} cannot be written; choose another place or mend its permissions")


def _write_json(args: argparse.Namespace, content: dict[str, Any]) -> None:
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
