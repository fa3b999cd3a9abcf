# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the pictures of docs/panel.md in a real Blender with its window, and cut them out.

    .venv/bin/python tools/take_pictures.py /path/to/blender [FOLDER]

The Blender has to show its window (a desktop, or a starter with a display of its own) and ImageMagick's `import` has to
be on its PATH. Needs Pillow.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
WIDEST = 1200  # pixels


def main(program: str, folder: str = "") -> int:
    """Play tests/window/story_pictures.py; returns the exit status."""
    with tempfile.TemporaryDirectory(prefix="galatea-pictures-") as there:
        work = Path(folder or there)
        work.mkdir(parents=True, exist_ok=True)
        resources = Path(tempfile.gettempdir()) / "blender-settings"  # its name is in the picture of the preferences
        shutil.rmtree(resources, ignore_errors=True)
        resources.mkdir()
        for name in ("inside.py", "story_panel.py", "story_pictures.py"):
            shutil.copy2(ROOT / "tests" / "window" / name, work)
        tag = told_by(program, "import sys; print('TAG', 'cp%d%d' % sys.version_info[:2])", resources)
        tool = str(ROOT / "tools" / "build_extension.py")
        archive = subprocess.run([sys.executable, tool, "--pythons", tag, "--output", str(work)], check=True,
                                 capture_output=True, text=True).stdout.strip()
        command = [program, "--factory-startup", "--enable-event-simulate", "--python", str(work / "inside.py"), "--",
                   "story_pictures", str(work), archive]
        environment = os.environ | {"BLENDER_USER_RESOURCES": str(resources)}
        if status := subprocess.run(command, cwd=work, env=environment).returncode:
            return status
        PICTURES.mkdir(exist_ok=True)
        for name, box in json.loads((work / "seen.json").read_text())["cuts"].items():
            cut_out(work / f"{name}.png", box, PICTURES / f"panel-{name}.png")
    return 0


def told_by(program: str, code: str, resources: Path) -> str:
    """What a Blender prints after "TAG"."""
    done = subprocess.run([program, "--python-expr", code + "; import bpy; bpy.ops.wm.quit_blender()"], text=True,
                          capture_output=True, env=os.environ | {"BLENDER_USER_RESOURCES": str(resources)})
    return done.stdout.partition("TAG ")[2].split()[0]


def cut_out(source: Path, box: tuple[int, int, int, int], target: Path) -> None:
    """A part of a picture, no wider than WIDEST, in few colours so that the repository stays small."""
    picture = Image.open(source).convert("RGB")
    left, top, right, bottom = box
    picture = picture.crop((max(left, 0), max(top, 0), min(right, picture.width), min(bottom, picture.height)))
    if picture.width > WIDEST:
        picture = picture.resize((WIDEST, round(picture.height * WIDEST / picture.width)), Image.LANCZOS)
    picture.quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
