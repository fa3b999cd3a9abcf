# SPDX-License-Identifier: GPL-3.0-or-later
"""What the texture generator must show, class by class at 512 × 512, with time and memory; as one table.

    python bench/texture_checks.py [PACK] [--seeds N] [--data FILE.npz] [--quick]

PACK: a folder, by default models/texture-generator. FILE.npz: pictures as training reads them; with it, how like its
held-out pictures materials become (`--like`) is measured, too. --quick leaves out time and memory. The judges are those
of the tests, tests/judged_textures.py.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from statistics import median

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from judged_textures import integrated, make, rolled_error, seam_excess, seen_by_differences  # noqa: E402

from blender_addon.inference.packs import Pack, read_pack  # noqa: E402
from blender_addon.inference.sessions import open_session  # noqa: E402
from blender_addon.texture import generating  # noqa: E402
from blender_addon.texture.files import write_in_slices  # noqa: E402
from blender_addon.texture.generating import MAPS, TextureMaps  # noqa: E402
from blender_addon.texture.requests import TextureRequest  # noqa: E402
from blender_addon.texture.seams import CONSTANT  # noqa: E402
from blender_addon.texture.vocabulary import vocabulary  # noqa: E402

LIKE = 8  # held-out pictures a class
_ABOUT = """rolled: maps of noise rolled by (1, 2) cells against rolled maps, the largest difference of all
seam: mean change across the border over the 95th percentile of lines inside, the worst of maps and axes
unit: normals' length off 1; height: what they integrate to against the height map; both the worst pixel
levels: different heights in the PNG of 16 bits; constant: maps of one grey, metallic where a class is no metal
apart: mean difference of two seeds' albedo; afresh: the same seed's bits again, also in another process
"""
_ABOUT_LIKE = f"""
like {LIKE} held-out pictures a class, as read / with their colours: how many levels of 255 colour and contrast are off
overlap: of the pattern (texture/likeness.py); guessed: pictures whose class the encoder names rightly
"""
_AFRESH = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests", sys.argv[1] + "/bench"]
import texture_checks
from blender_addon.inference.packs import read_pack
print("RESULT", *(texture_checks.digest(texture_checks.make(read_pack(sys.argv[2]), name)) for name in sys.argv[3:]))
"""


def main(folder: Path, seeds: int, data: Path | None, quick: bool) -> None:
    """Print everything."""
    pack = read_pack(folder)
    known, names = vocabulary(pack), pack.words("classes")
    print(f"{pack.id} {pack.version}, 512 × 512, CPU, {generating.THREADS} threads, seeds 0 to {seeds - 1}")
    print(_ABOUT)
    again = afresh(folder, names)
    table(("class", "rolled", "seam", "unit", "height", "levels", "constant", "apart", "afresh"),
          (row(pack, name, seeds, again[name]) for name in names))
    if not quick:
        print()
        table(("size", "seconds", "s a class", "MB at most"), times(pack, names))
    if data is not None:
        print(_ABOUT_LIKE)
        table(("class", "colour", "contrast", "overlap", "guessed"), likenesses(pack, data))
    print(f"\ndirections: {', '.join(known.directions)}")


def table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> None:
    """Print rows as they come."""
    widths = [12] + [max(len(name), 15) for name in head[1:]]
    for cells in chain([head], rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip(), flush=True)


def row(pack: Pack, name: str, seeds: int, digest_afresh: str) -> tuple[str, ...]:
    """One class's figures."""
    known = vocabulary(pack)
    many = [make(pack, name, seed=seed) for seed in range(seeds)]
    first = many[0]
    unit = max(np.abs(np.linalg.norm(maps.normal.astype(float), axis=2) - 1.0).max() for maps in many)
    depth = known.looks[name].relief * known.texels_per_tile
    height = max(np.abs(integrated(maps.normal, depth) - seen_by_differences(maps.height)).max() for maps in many)
    constant = [which for which in MAPS if np.ptp(getattr(first, which), axis=(0, 1)).max() < CONSTANT]
    apart = np.abs(many[1].albedo - first.albedo).mean() if seeds > 1 else 0.0
    same = digest(make(pack, name)) == digest(first) == digest_afresh
    return (name, f"{rolled_error(pack, name):.1e}", f"{max(seam_excess(many).values()):.3f}", f"{unit:.1e}",
            f"{height:.1e}", str(levels(name, first)), ", ".join(constant) or "none", f"{apart:.3f}",
            "the same" if same else "NOT the same")


def digest(maps: TextureMaps) -> str:
    """What tells one material's bits from another's."""
    return hashlib.sha256(b"".join(getattr(maps, name).tobytes() for name in MAPS)).hexdigest()


def afresh(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """Digests of each class's seed 0, made in a process of its own."""
    done = subprocess.run([sys.executable, "-c", _AFRESH, str(ROOT), str(folder), *names], capture_output=True,
                          text=True, check=True)
    return dict(zip(names, next(line for line in done.stdout.splitlines() if line.startswith("RESULT")).split()[1:]))


def levels(name: str, maps: TextureMaps) -> int:
    """How many different heights the file holds, read by Pillow."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        for _ in write_in_slices(Path(folder), name, [(0, maps)], 1):
            pass
        with Image.open(next(Path(folder).glob("*_height.png"))) as picture:
            return len(np.unique(np.array(picture)))


def times(pack: Pack, names: Sequence[str], repeats: int = 5) -> Iterator[tuple[str, ...]]:
    """Seconds of all maps at each size: the median over the classes of each one's median."""
    from texture_figures import _peak  # beside this script

    for size in (512, 1024, 2048):
        some = names if size == 512 else names[:1]
        took = []
        for name in some:
            make(pack, name, size)
            own = []
            for _ in range(repeats if size < 2048 else 1):
                began = time.perf_counter()
                make(pack, name, size)
                own.append(time.perf_counter() - began)
            took.append(median(own))
        yield (str(size), f"{median(took):.3f}", f"{min(took):.3f} to {max(took):.3f}",
               f"{_peak(pack.folder, names[0], size):.0f}")


def likenesses(pack: Pack, data: Path) -> Iterator[tuple[str, ...]]:
    """How like held-out pictures materials of another seed are, before and after they are given the colours."""
    from training.texture.image_pack import ImagePack

    known, pictures = vocabulary(pack), ImagePack.load(data)
    encoder, mapping, model = (open_session(pack, graph, "cpu", generating.THREADS)
                               for graph in ("encoder", "mapping", "model"))
    edge, found = known.texels_per_tile, []
    for name in (name for name in known.classes if name in pictures.classes):
        rows = []
        for item in pictures.only([name], "test").items[:LIKE]:
            wanted = (item.maps(edge)[:3] / 255.0).transpose(1, 2, 0).astype(np.float32)
            request = TextureRequest(name, seed=5, width=edge, height=edge, like=item.name, device="cpu")
            seen = generating.look_at(encoder, known, wanted)
            other = TextureRequest(name, seed=0, like=item.name, device="cpu")
            liked = generating.likened(seen, model.run(generating.likened_inputs(mapping, known, other, seen)))
            off = [[255.0 * np.abs(measure(made) - measure(wanted)).mean() for measure in (_mean, _spread)]
                   for made in (generating.generate_maps(pack, request, seen=each).albedo for each in (seen, liked))]
            guessed = known.classes[int(seen.classes.argmax())]
            rows.append((*np.transpose(off).ravel(), liked.likeness, guessed == name))
        if rows:
            found += rows
            yield _liked(name, rows)
    if found:
        yield _liked("all", found)


def _mean(albedo: np.ndarray) -> np.ndarray:
    return albedo.mean(axis=(0, 1))


def _spread(albedo: np.ndarray) -> np.ndarray:
    return albedo.std(axis=(0, 1))


def _liked(name: str, rows: Sequence[Sequence[float]]) -> tuple[str, ...]:
    mean = np.mean(rows, axis=0)
    return (name, f"{mean[0]:.2f} / {mean[1]:.2f}", f"{mean[2]:.2f} / {mean[3]:.2f}", f"{mean[4]:.2f}",
            f"{100.0 * mean[5]:.0f} %")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", nargs="?", type=Path, default=ROOT / "models" / "texture-generator")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--quick", action="store_true")
    told = parser.parse_args()
    main(told.pack, told.seeds, told.data, told.quick)
