# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m training prepare|train|finetune|between|export|evaluate KIND …`."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

from blender_addon.errors import GalateaError
from blender_addon.home import packs_folder
from blender_addon.inference.packs import PACK_FILE, models_folder

TEXTURES = "texture-generator"
BODIES = "body-vae"
KINDS = ("motion-generator", "motion-inbetweener", "pose-vae", BODIES, TEXTURES)
STEPS = {"motion-generator": 5000, "motion-inbetweener": 100_000, "pose-vae": 4000, BODIES: 4000, TEXTURES: 8000}
FINETUNE_STEPS = 1500
WITHOUT_END = 1_000_000  # steps, where minutes are given: the clock ends it


def build_parser() -> argparse.ArgumentParser:
    """The command line's arguments."""
    parser = argparse.ArgumentParser(prog="python -m training", description="Train Galatea's models offline.")
    verbs = parser.add_subparsers(dest="verb", required=True)

    prepare = verbs.add_parser("prepare", help="read a folder of clips, pictures or people into one prepared "
                             "file")
    prepare.add_argument("kind", choices=["motion", "texture", *KINDS], help="motion or texture, or the kind to train: "
                         "the same")
    prepare.add_argument("--data", type=Path, help="folder of clips (.bvh .fbx .glb .gltf .blend) or of pictures, with "
                         "an index.csv or not, or of ANSUR II's tables")
    prepare.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    prepare.add_argument("--sheet", type=Path, help="also draw source beside canonical for each skeleton kind, or the "
                         "maps of every picture")
    prepare.add_argument("--waves", type=int, default=0, metavar="N", help="add so many waves that Galatea makes "
                         "itself, over people who stand in the clips (motion)")
    prepare.add_argument("--procedural", action="store_true", help="bake the project's own materials (texture)")
    prepare.add_argument("--add", action="append", default=[], type=Path, metavar="FILE", help="a prepared file to "
                         "join with; may be given several times (texture)")
    prepare.add_argument("--classes", default="", metavar="A,B", help="only these (texture)")
    prepare.add_argument("--allow-by", action="store_true", help="also pictures whose licence asks for a credit: the "
                         "card of what is trained on them carries it (texture)")

    train = verbs.add_parser("train", help="train a model; run it again to go on after a stop")
    train.add_argument("kind", choices=KINDS)
    train.add_argument("--data", type=Path, required=True, help="a prepared .npz file")
    train.add_argument("--run", type=Path, required=True, help="folder for checkpoints, losses.csv and losses.png")
    train.add_argument("--steps", type=int, help="gradient steps in all; by default what the shipped pack was given")
    train.add_argument("--seed", type=int, default=1)
    train.add_argument("--device", default="cpu", help="cpu or cuda")
    train.add_argument("--size", choices=["full", "tiny"], default="full", help="tiny is for tests")
    train.add_argument("--share", type=float, default=1.0, help="of the training clips, for the curve of error against "
                       "data (motion-inbetweener)")
    train.add_argument("--minutes", type=float, default=0.0, help="train for so long instead of for so many steps "
                       "(not pose-vae, not body-vae)")
    train.add_argument("--start", type=Path, metavar="RUN", help="go on from the weights of another run (the "
                       "best ones of a motion-inbetweener, or those of a pack; motion-generator)")
    train.add_argument("--network", type=int, default=0, metavar="N", help="which of a pack's networks --start goes on "
                       "from, 0 for the first (motion-inbetweener)")
    train.add_argument("--rate", type=float, default=1.5e-3, help="of learning, at its highest (motion-inbetweener)")
    train.add_argument("--batch", type=int, help="windows a step; more of them cost a GPU next to nothing "
                       "(motion-generator)")
    train.add_argument("--threads", type=int, help="cores that torch may use; all of them by default")
    train.add_argument("--once", action="append", default=[], metavar="ACTION", help="has a beginning and an end, as a "
                       "jump or a kick has; may be given several times (motion-generator)")
    train.add_argument("--classes", default="", metavar="A,B", help="only these (texture-generator)")
    train.add_argument("--often", type=_shares, default={}, metavar="A=2,B=0.5", help="draw these classes or actions "
                       "so many times as often as else (a generator)")
    train.add_argument("--checkpoint-every", type=int, default=250, help="steps between checkpoints")
    train.add_argument("--stop-after", type=int, help="stop after this many steps of this run, as if killed")

    finetune = verbs.add_parser("finetune", help="teach a pack's model more from clips or pictures of your own")
    finetune.add_argument("kind", choices=["motion-generator", TEXTURES])
    finetune.add_argument("--data", type=Path, required=True, help="a prepared .npz file")
    finetune.add_argument("--pack", type=Path, help="the pack's folder; the one that ships by default")
    finetune.add_argument("--run", type=Path, required=True, help="folder for checkpoints, losses.csv and losses.png")
    finetune.add_argument("--steps", type=int, help=f"gradient steps (default: {FINETUNE_STEPS})")
    finetune.add_argument("--seed", type=int, default=1)
    finetune.add_argument("--device", default="cpu", help="cpu or cuda")
    finetune.add_argument("--minutes", type=float, default=0.0, help="train for so many minutes instead of steps "
                          "(motion-generator)")
    finetune.add_argument("--often", type=_shares, default={}, metavar="A=2,B=0.5", help="draw these actions so many "
                          "times as often (motion-generator)")
    finetune.add_argument("--once", action="append", default=[], metavar="ACTION", help="has a beginning and an end, "
                          "as a jump or a kick has; may be given several times (motion-generator)")
    finetune.add_argument("--classes", default="", metavar="A,B", help="only these (texture-generator)")
    finetune.add_argument("--threads", type=int, help="cores that torch may use; all of them by default")
    finetune.add_argument("--checkpoint-every", type=int, default=100, help="steps between checkpoints")
    finetune.add_argument("--stop-after", type=int, help="stop after this many steps of this run, as if killed")

    between = verbs.add_parser("between", help="weights between two networks, one of which was trained on from the "
                               "other: a run to export")
    between.add_argument("kind", choices=["motion-generator", "motion-inbetweener"])
    between.add_argument("--start", type=Path, required=True, help="what the run was trained on from: a run or a pack")
    between.add_argument("--of", type=Path, required=True, metavar="RUN", help="the run that was trained on")
    between.add_argument("--share", type=float, required=True, help="of the way from --start to --of")
    between.add_argument("--network", type=int, default=0, metavar="N", help="which of the pack's networks, 0 for the "
                         "first (motion-inbetweener)")
    between.add_argument("--run", type=Path, required=True, help="folder for the run that comes of it")

    export = verbs.add_parser("export", help="write a model pack from a training run")
    export.add_argument("kind", choices=KINDS)
    export.add_argument("--run", type=Path, required=True)
    export.add_argument("--out", type=Path, required=True, help="the pack's folder, such as models/motion-generator; "
                        "its name is the pack's id")
    export.add_argument("--data", type=Path, help="the prepared .npz it was trained on: how widely its latents are to "
                        "be drawn is then found by trying, and for a motion-generator which paces it keeps")
    export.add_argument("--user", action="store_true", help="--out is a name alone: the pack goes among your own, in "
                        "the folder that `galatea doctor` names")
    export.add_argument("--leave-out", default="", metavar="A,B", help="classes that are not good enough to be offered "
                        "(texture-generator)")
    export.add_argument("--title", default="", help="one line (a generator; by default its actions or "
                        "classes)")
    export.add_argument("--licence", default="", help="of the weights, such as CC0-1.0 (a generator; by default "
                        "unknown)")
    export.add_argument("--with", action="append", default=[], type=Path, metavar="RUN", dest="others", help="another "
                        "run, whose network goes into the pack too: it says the mean (motion-inbetweener)")
    export.add_argument("--compare", action="append", default=[], type=Path, metavar="RUN", help="a run on a share of "
                        "the clips, for the card's table of error against data (motion-inbetweener)")
    export.add_argument("--limit", action="append", default=[], metavar="SENTENCE",
                        help="a weak spot, in words, for the card; may be given several times")

    evaluate = verbs.add_parser("evaluate", help="measure a pack on clips or pictures it was not trained on")
    evaluate.add_argument("kind", choices=KINDS)
    evaluate.add_argument("--data", type=Path, required=True, help="a folder of BVH files, of ANSUR II's tables, or a "
                          "prepared .npz file")
    evaluate.add_argument("--pack", type=Path, help="the pack's folder; the one that ships by default")
    evaluate.add_argument("--out", type=Path, required=True, help="folder for metrics.json, tables and pictures")
    evaluate.add_argument("--published", action="store_true", help="instead, compute the published baselines of LAFAN1 "
                          "from its files (motion-inbetweener)")
    evaluate.add_argument("--record", action="store_true", help="write the figures into the pack and its card too")
    evaluate.add_argument("--quick", action="store_true", help="fewer takes or pictures, for a look between (a "
                          "generator)")
    evaluate.add_argument("--baseline", action="append", default=[], type=Path, metavar="PACK", help="another pack to "
                          "measure beside this one; may be given several times (motion-generator)")
    evaluate.add_argument("--sheets", choices=["named", "nameless"], help="only draw all actions' contact sheets, into "
                          "--out: beside real motion, or without names, with a key (motion-generator)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run a verb; 0 done, 1 failed with one line, 2 usage."""
    args = build_parser().parse_args(argv)
    if getattr(args, "pack", None):
        args.pack = _named(args.pack)
    try:
        # each verb brings its own imports: preparing needs no torch
        if args.verb == "prepare":
            _prepare(args)
        elif args.verb == "train":
            _train(args)
        elif args.verb == "finetune":
            _finetune(args)
        elif args.verb == "between":
            from .motion.between import between
            between(args.kind, args.start, args.of, args.share, args.run, args.network)
        elif args.verb == "export":
            more = ({"compare": args.compare, "others": args.others, "data": args.data}
                    if args.kind == "motion-inbetweener" else {})
            if args.kind in ("motion-generator", TEXTURES):
                more = {"title": args.title, "licence": args.licence, "data": args.data}
            if args.kind == TEXTURES:
                more["leave_out"] = _names(args.leave_out)
            _exporter(args.kind)(args.run, _pack_folder(args.out, args.user), args.limit, **more)
        elif args.verb == "evaluate":
            if args.published:
                from .motion.lafan1 import published_baselines
                published_baselines(args.data, args.out)
                return 0
            if args.sheets and args.kind == TEXTURES:
                from .texture.texture_sheets import draw_sheets
                draw_sheets(args.data, args.pack, args.out)
                return 0
            if args.sheets:
                from .motion.generator_sheets import draw_sheets
                draw_sheets(args.sheets, args.data, args.pack, args.out)
                return 0
            more = {"quick": args.quick, "baselines": args.baseline} if args.kind == "motion-generator" else {}
            more |= {"quick": args.quick} if args.kind == TEXTURES else {}
            _evaluator(args.kind)(args.data, args.pack, args.out, args.record, **more)
    except GalateaError as error:
        print(f"training: {error}", file=sys.stderr)
        return 1
    return 0


def _use_threads(count: int | None) -> None:
    if count:
        import torch
        torch.set_num_threads(count)


def _prepare(args: argparse.Namespace) -> None:
    if args.kind in ("texture", TEXTURES):
        from .texture.prepare import prepare
        prepare(args.out, args.data, args.procedural, args.add, _names(args.classes), args.allow_by, args.sheet)
        return
    if not args.data:
        raise GalateaError("--data FOLDER names the folder of clips, or of people's measurements")
    if args.kind == BODIES:
        from .body.survey import prepare
        prepare(args.data, args.out)
        return
    from .motion.prepare import prepare
    prepare(args.data, args.out, args.sheet, args.waves)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _shares(text: str) -> dict[str, float]:
    """Numbers by name, from NAME=NUMBER,..."""
    try:
        shares = {name.strip(): float(number) for name, number in (part.split("=") for part in text.split(","))}
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: give NAME=NUMBER,NAME=NUMBER") from None
    if min(shares.values()) < 0.0 or not max(shares.values()) < 1e3:
        raise argparse.ArgumentTypeError(f"{text!r}: shares go from 0 to 1000")
    return shares


def _train(args: argparse.Namespace) -> None:
    _use_threads(args.threads)
    more = {}
    if args.kind == "motion-generator":
        from .motion.train_generator import train
        more = {"minutes": args.minutes, "once": args.once, "start": args.start, "often": args.often,
                "batch": args.batch}
    elif args.kind == "motion-inbetweener":
        from .motion.train_inbetweener import train
        more = {"share": args.share, "minutes": args.minutes, "start": args.start, "rate": args.rate,
                "network": args.network}
    elif args.kind == TEXTURES:
        from .texture.train import train
        more = {"minutes": args.minutes, "classes": _names(args.classes), "often": args.often}
    elif args.kind == BODIES:
        from .body.train_body import train
    else:
        from .motion.train_pose import train
    steps = args.steps or (WITHOUT_END if args.minutes else STEPS[args.kind])
    train(args.data, args.run, steps, args.seed, args.device, args.size,
          args.checkpoint_every, args.stop_after, **more)


def _finetune(args: argparse.Namespace) -> None:
    _use_threads(args.threads)
    if args.kind == TEXTURES:
        from .texture.finetune import finetune
        more = {"classes": _names(args.classes)}
    else:
        from .motion.finetune_generator import finetune
        more = {"once": args.once, "minutes": args.minutes, "often": args.often}
    steps = args.steps or (WITHOUT_END if args.minutes else FINETUNE_STEPS)
    finetune(args.data, args.pack, args.run, steps, args.seed, args.device, args.checkpoint_every, args.stop_after,
             **more)


def _named(pack: Path) -> Path:
    """The folder of a pack; a name alone may mean one of the user's own."""
    own = packs_folder() / pack
    return own if not pack.exists() and (own / PACK_FILE).is_file() else pack


def _pack_folder(out: Path, user: bool) -> Path:
    """Where a pack goes; GalateaError for a name that no pack can have, or that another has already."""
    name = out.resolve().name
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
        raise GalateaError(f"{name} cannot be a pack's id; use small letters, digits and hyphens, such as our-walks")
    if not user:
        return out
    if out != Path(name):
        raise GalateaError(f"--out {out}: with --user give a name alone, such as {name}")
    if (models_folder() / name / PACK_FILE).is_file():
        raise GalateaError(f"{name} is the id of a pack that ships; choose another name")
    return packs_folder() / name


def _exporter(kind: str) -> Callable[..., None]:
    if kind == "motion-generator":
        from .motion.export_generator import export
    elif kind == "motion-inbetweener":
        from .motion.export_inbetweener import export
    elif kind == TEXTURES:
        from .texture.export import export
    elif kind == BODIES:
        from .body.export_body import export
    else:
        from .motion.export_pose import export
    return export


def _evaluator(kind: str) -> Callable[..., None]:
    if kind == "motion-generator":
        from .motion.evaluate_generator import evaluate
    elif kind == "motion-inbetweener":
        from .motion.evaluate_inbetweener import evaluate
    elif kind == TEXTURES:
        from .texture.evaluate import evaluate
    elif kind == BODIES:
        from .body.evaluate_body import evaluate
    else:
        from .motion.evaluate_pose import evaluate
    return evaluate


if __name__ == "__main__":
    sys.exit(main())
