# SPDX-License-Identifier: GPL-3.0-or-later
"""The four canonical clips on ten people drawn from the pack, judged as any rig is: in a fresh process on a saved file.

Limits are judging.py's. The clips are the first generator's, which lie in takes/.
"""

import json
import subprocess
import sys
from pathlib import Path

import bpy
import pytest
from made_takes import kept_takes

from blender_addon import api
from blender_addon.character.body_mesh import make_body
from blender_addon.character.people import draw_people, open_people
from blender_addon.inference.packs import models_folder, read_pack
from blender_addon.scene import character

JUDGING = Path(__file__).resolve().parents[1] / "judging.py"
PEOPLE = 10
EVERY = 6


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """"person, take" -> report."""
    folder = tmp_path_factory.mktemp("bodies")
    people = open_people(read_pack(models_folder() / "body-vae"))
    drawn = [person for sex in (0.0, 1.0) for person in draw_people(people, PEOPLE // 2, 11, sex=sex)]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 30
    takes, jobs = kept_takes(), []
    for number, person in enumerate(drawn):
        with character.added(make_body(person), {}) as made:
            armature = made.armature()
        bpy.data.objects.remove(made.body())  # bones are judged
        result = api.retarget(armature, api.RetargetRequest(clips=tuple(map(str, takes.values())), keys="every",
                                                            hands=False))
        mapping = dict(api.describe_rig(armature).bones)
        for take, name in zip(takes, result.actions, strict=True):
            bpy.data.actions[name].use_fake_user = True
            jobs.append({"name": f"{number}, {take}", "result": str(folder / "people.blend"), "armature": armature.name,
                         "map": mapping, "source": str(takes[take]), "action": name})
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "people.blend"))
    (folder / "jobs.json").write_text(json.dumps(jobs))
    command = [sys.executable, str(JUDGING), "--jobs", str(folder / "jobs.json"), "--every", str(EVERY), "--json",
               str(folder / "reports.json")]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode in (0, 1), ran.stderr[-2000:]
    return json.loads((folder / "reports.json").read_text())


@pytest.mark.parametrize("take", kept_takes())
def test_bodies_do_what_the_clip_does(reports, take):
    """Directions, twist, facing, flips, feet and travel."""
    faults = {name: report["faults"] for name, report in reports.items() if name.endswith(take) and report["faults"]}
    assert not faults and sum(name.endswith(take) for name in reports) == PEOPLE, faults

