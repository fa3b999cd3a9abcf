# SPDX-License-Identifier: GPL-3.0-or-later
"""`galatea packs`, `galatea doctor` and `make demo`'s verb: what is here and whether it works."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import GalateaError
from .printing import check_writable, flat, say, short, table, write_json

_WHAT = ("list", "info", "verify")

METRICS = 12  # that a terminal is shown


def add_verbs(verbs: argparse._SubParsersAction, every: argparse.ArgumentParser) -> None:
    """Say how they are called."""
    packs = verbs.add_parser("packs", parents=[every], help="list, describe or check model packs")
    packs.add_argument("what", nargs="?", default="list", metavar="list|info|verify", help="(default: list)")
    packs.add_argument("folder", nargs="?", default="", metavar="FOLDER", help="a pack, or a folder of packs")
    packs.set_defaults(run=_packs, parser=packs)

    doctor = verbs.add_parser("doctor", parents=[every], help="versions, devices, what really runs the models")
    doctor.set_defaults(run=_doctor)

    demo = verbs.add_parser("demo", parents=[every])  # for `make demo`, so not in the list of verbs
    demo.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    demo.set_defaults(run=_demo)


def _packs(args: argparse.Namespace) -> int:
    if args.what not in _WHAT:
        if args.folder:
            args.parser.print_usage(sys.stderr)
            print(f"galatea packs: error: {args.what} is none of {', '.join(_WHAT)}", file=sys.stderr)
            return 2
        args.what, args.folder = "list", args.what  # `galatea packs FOLDER`
    check_writable(args.json)
    return {"list": _packs_list, "info": _packs_info, "verify": _packs_verify}[args.what](args)


def _packs_list(args: argparse.Namespace) -> int:
    from .. import api

    packs, problems = api.list_packs(args.folder)
    write_json(args, {"packs": [pack.as_dict() for pack in packs], "problems": [str(error) for error in problems]})
    rows = [
        (pack.id, pack.kind, pack.version, pack.licence, f"{pack.bytes / 1e6:.1f} MB", str(pack.folder))
        for pack in packs
    ]
    if rows:
        table(args, ("id", "kind", "version", "licence", "size", "where"), rows)
    else:
        say(args, f"no packs in {', '.join(str(folder) for folder in api.pack_folders(args.folder))}")
    for error in problems:
        print(f"galatea: left out: {error}", file=sys.stderr)
    return 0


def _packs_info(args: argparse.Namespace) -> int:
    from .. import api

    infos = api.pack_info(args.folder)
    write_json(args, {"packs": infos})
    for info in infos:
        say(args, f"{info['id']} {info['version']}: {info['title']}")
        table(args, (), list(_info_rows(info)), indent="  ")
    return 0


def _info_rows(info: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for name in ("kind", "licence", "folder", "fps"):
        if name in info:
            yield name, str(info[name])
    for name in ("actions", "styles", "classes"):
        if info[name]:
            yield name, ", ".join(info[name])
    for name, told in info.get("verdicts", {}).items():
        yield "class", f"{name}: {told}"
    paces = info.get("generator", {}).get("natural_speed", {})
    if any(paces.values()):
        yield "natural pace", ", ".join(f"{action} {pace:g} m/s" for action, pace in paces.items() if pace)
    ways = [(way["name"], *way["range"]) for way in info.get("texture", {}).get("directions", ())]
    if ways:
        yield "directions", ", ".join(f"{name} ({low:g} to {high:g})" for name, low, high in ways)
    for source in info["data"]:
        yield "trained on", ", ".join(str(source[key]) for key in ("name", "licence", "credit", "url") if key in source)
    for graph in info["graphs"]:
        yield "graph", f"{graph['name']}: {graph['file']}, {graph['bytes'] / 1e6:.1f} MB, opset {graph['opset']}"
    metrics = list(flat(info.get("metrics", {})))
    for name, value in metrics[:METRICS]:
        yield "metric", f"{name} {short(value)}"
    if len(metrics) > METRICS:
        yield "metrics", f"{len(metrics) - METRICS} more with --json, and on the card, README.md"


def _packs_verify(args: argparse.Namespace) -> int:
    from .. import api

    checks = api.verify_packs(args.folder)
    failed = [(pack, finding) for pack, finding in checks if not finding.ok]
    rows = [
        {"pack": pack, "check": finding.check, "ok": finding.ok, "detail": finding.detail} for pack, finding in checks
    ]
    write_json(args, {"ok": not failed, "checks": rows})
    marks = {True: "ok", False: "FAILED"}
    table(
        args,
        ("pack", "check", "", "found"),
        [(row["pack"], row["check"], marks[row["ok"]], row["detail"]) for row in rows],
    )
    if failed:
        raise GalateaError(f"{len(failed)} of {len(checks)} checks failed: {failed[0][1].detail}")
    return 0


def _doctor(args: argparse.Namespace) -> int:
    check_writable(args.json)
    from .. import api

    report = api.doctor_report()
    write_json(args, report.as_dict())
    table(args, (), [(row.name, row.value if row.ok else f"BROKEN: {row.value}") for row in report.rows])
    broken = [row for row in report.rows if not row.ok]
    if broken:
        raise GalateaError(f"{broken[0].name}: {broken[0].value}")
    return 0


def _demo(args: argparse.Namespace) -> int:
    from .. import api

    result = api.make_demo(args.out)
    write_json(args, result.as_dict())
    say(args, f"made       {', '.join(result.actions)}: {result.frames} frames on {result.family}")
    say(args, f"wrote      {', '.join(result.files)} in {result.seconds:.1f} s")
    return 0
