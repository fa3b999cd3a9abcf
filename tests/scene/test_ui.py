# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface without a window: operators, settings, errors, and that cancelling leaves no trace."""

import sys

import bpy
import made_rigs
import pytest
from made_dumps import changes, dump_file

import blender_addon
from blender_addon import api, cli
from blender_addon.scene import keys
from blender_addon.scene.versions import fcurves
from blender_addon.ui import choices, reports, rigs, running, shown, translations, watching

PACKAGE = "galatea_in_tests"


@pytest.fixture
def ui(empty_scene, tmp_path, monkeypatch):
    """Galatea switched on, as an extension of no repository; its settings."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    blender_addon.register(PACKAGE)
    yield bpy.context.scene.galatea_motion
    blender_addon.unregister()


def generate() -> set[str]:
    return bpy.ops.galatea.generate_motion("EXEC_DEFAULT", True)


def keys_of(armature) -> list:
    return [(curve.data_path, curve.array_index, [tuple(key.co) for key in curve.keyframe_points])
            for curve in fcurves(armature.animation_data.action)]


# --- making motion --------------------------------------------------------------------------------------------------


def test_generate_motion_is_what_the_api_makes(ui):
    armature = made_rigs.human()
    ui.seconds, ui.seed, ui.loop, ui.takes = 1.0, 11, True, 2
    assert generate() == {"FINISHED"}
    made = keys_of(armature)
    about = {name: armature.animation_data.action[name] for name in armature.animation_data.action.keys()}  # noqa: SIM118
    names = sorted(action.name for action in bpy.data.actions)
    assert names == ["Galatea walk 11", "Galatea walk 12"]
    result = api.generate_motion(armature, api.MotionRequest(seconds=1.0, seed=11, loop=True, takes=2))
    assert keys_of(armature) == made
    action = armature.animation_data.action
    assert action is not bpy.data.actions["Galatea walk 11"] and result.actions[0] == action.name
    assert {name: action[name] for name in action.keys()} == about  # noqa: SIM118


def test_the_same_seed_gives_the_same_keys_as_the_command(ui, tmp_path):
    armature = made_rigs.human()
    path = str(tmp_path / "rig.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)
    ui.seconds, ui.seed = 1.0, 5
    generate()
    made = keys_of(armature)
    out = str(tmp_path / "out.blend")
    assert cli.main(["motion", "--rig", path, "--action", "walk", "--seconds", "1", "--seed", "5", "--out", out]) == 0
    bpy.ops.wm.open_mainfile(filepath=out)
    assert keys_of(next(ob for ob in bpy.data.objects if ob.type == "ARMATURE")) == made


def test_undo_is_one_step(ui):
    made_rigs.human()
    ui.seconds = 0.5
    bpy.ops.ed.undo_push(message="before")
    before = dump_file()
    generate()
    assert changes(before, dump_file())
    bpy.ops.ed.undo()
    assert changes(before, dump_file()) == []
    bpy.ops.ed.redo()
    assert [action.name for action in bpy.data.actions] == ["Galatea walk 0"]


@pytest.mark.parametrize("animated", [False, True])
def test_broken_off_anywhere_the_file_is_as_it_was(ui, animated):
    armature = made_rigs.human()
    if animated:
        armature.keyframe_insert("location", frame=3)
    request = api.MotionRequest(seconds=1.0, takes=2)
    shares = list(api.motion_in_slices(armature, request))
    assert shares == sorted(shares) and shares[0] == 0.0 and shares[-1] == pytest.approx(1.0) and len(shares) > 20
    before = dump_file()
    making, writing = (sum(share < 0.9 for share in shares), len(shares))
    for taken in (*range(1, 12), *range(12, making, making // 12), *range(making - 4, writing + 1)):
        slices = api.motion_in_slices(armature, request)
        for _ in range(taken):
            next(slices)
        slices.close()
        assert changes(before, dump_file()) == [], taken


def test_an_error_while_keys_are_written_leaves_the_file_as_it_was(ui, monkeypatch):
    armature = made_rigs.human()
    before = dump_file()
    whole = keys.write_curves

    def fail(action, curves):
        whole(action, curves)
        if action.name.endswith("1"):
            raise MemoryError("no more of it")

    monkeypatch.setattr(keys, "write_curves", fail)
    ui.takes = 2
    before["scenes/Scene"]["motion"]["takes"] = 2
    with pytest.raises(RuntimeError, match="unexpected MemoryError: no more of it; Copy Report"):
        generate()
    assert changes(before, dump_file()) == [] and armature.animation_data is None
    report = shown.now.failure.report
    assert "write_curves" in report and "Blender: " in report and "motion-generator" not in report.split("Stack")[1]


def test_a_rig_that_is_deleted_meanwhile_is_one_line(ui):
    armature = made_rigs.human()
    slices = api.motion_in_slices(armature, api.MotionRequest(seconds=1.0))
    for _ in range(9):
        next(slices)
    bpy.data.objects.remove(armature)
    with pytest.raises(api.GalateaError, match="deleted while it was worked on"):
        list(slices)
    assert len(bpy.data.actions) == 0


# --- what cannot be done, and why -----------------------------------------------------------------------------------


def why_grey() -> str:
    return running.why_not(bpy.context)


def test_why_the_button_is_grey(ui, tmp_path):
    assert why_grey() == "Select the rig to animate"
    bpy.ops.mesh.primitive_cube_add()
    assert "Cube is no armature" in why_grey()
    armature = made_rigs.human()
    assert why_grey() == ""
    bpy.ops.object.mode_set(mode="POSE")
    assert why_grey() == ""
    bpy.ops.object.mode_set(mode="EDIT")
    assert "Switch to Object Mode or Pose Mode" in why_grey()
    assert not bpy.ops.galatea.generate_motion.poll()
    bpy.ops.object.mode_set(mode="OBJECT")
    api.correct_rig(armature, {"LeftLeg": ""})
    bpy.ops.galatea.look_again()
    assert "LeftLeg" in why_grey() and "Rig panel" in why_grey()
    api.forget_corrections(armature)
    bpy.ops.galatea.look_again()
    assert why_grey() == ""
    assert running.why_no_action(bpy.context) == "Galatea Human has no action yet"
    assert not bpy.ops.galatea.lock_feet.poll() and not bpy.ops.galatea.refit_keys.poll()
    armature.hide_set(True)
    bpy.context.view_layer.objects.active = armature
    assert why_grey() == ""


def test_a_mesh_on_a_rig_stands_for_it(ui):
    armature = made_rigs.metarig()
    body = made_rigs.add_skin(armature)
    bpy.context.view_layer.objects.active = body or next(ob for ob in bpy.data.objects if ob.type == "MESH")
    ui.seconds = 0.5
    assert generate() == {"FINISHED"} and armature.animation_data.action


def test_linked_rigs_are_left_alone(ui, tmp_path):
    made_rigs.human()
    path = str(tmp_path / "rig.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(path, link=True) as (_, into):
        into.objects = ["Galatea Human"]
    armature = into.objects[0]
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    assert "linked from another file" in why_grey()
    with pytest.raises(api.GalateaError, match="linked from another file"):
        api.generate_motion(armature, api.MotionRequest(seconds=0.5))


def test_a_path_that_left_the_scene_is_one_line(ui):
    bpy.ops.curve.primitive_bezier_circle_add()
    ui.path = bpy.context.object
    ui.path.name = "Ring"
    bpy.ops.object.delete()
    made_rigs.human()
    with pytest.raises(RuntimeError, match="the path Ring is no longer in this scene"):
        generate()
    ui.path = None
    assert "no longer" in shown.now.failure.line
    bpy.ops.galatea.dismiss_error()
    assert shown.now.failure is None


def test_without_onnxruntime_the_rest_works(ui, monkeypatch):
    from blender_addon.inference import sessions

    made_rigs.human()
    sessions.close_sessions()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RuntimeError, match="onnxruntime is not installed"):
        bpy.ops.galatea.test_device()
    assert "onnxruntime" in shown.now.device.problem
    with pytest.raises(RuntimeError, match="onnxruntime is not installed"):
        generate()
    assert bpy.ops.galatea.add_human(mannequin=False) == {"FINISHED"}
    assert bpy.ops.galatea.look_again() == {"FINISHED"} and shown.now.catalogue.packs


def test_a_report_names_no_folder(ui):
    told = "cannot read /home/ada/work files/rig.blend: denied; C:\\Users\\Ada\\x.toml, and/or 1/2"
    assert reports.without_paths(told) == "cannot read …/rig.blend: denied; …/x.toml, and/or 1/2"


# --- settings -------------------------------------------------------------------------------------------------------


def test_settings_survive_save_and_load(ui, tmp_path):
    bpy.ops.curve.primitive_bezier_circle_add()
    bpy.context.object.name = "Ring"
    values = {"action": "run", "style": "zombie", "pack": "gone", "sequence": "walk:1,run:2", "seconds": 3.5,
              "speed": 1.25, "seed": 99, "loop": True, "start": 7, "takes": 4, "device": "cpu"}
    keyed = {"keys": "every", "tolerance": 7.5, "feet": False, "in_place": True, "root": "own", "controls": "ik",
             "nla": True, "some_frames": True, "first": 3, "last": 9}
    for settings, wanted in ((ui, values), (bpy.context.scene.galatea_keys, keyed)):
        for name, value in wanted.items():
            setattr(settings, name, value)
    ui.path = bpy.data.objects["Ring"]
    path = str(tmp_path / "settings.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    assert bpy.context.scene.galatea_motion.seed == 0
    bpy.ops.wm.open_mainfile(filepath=path)
    settings = bpy.context.scene.galatea_motion
    assert {name: getattr(settings, name) for name in values} == values
    assert {name: getattr(bpy.context.scene.galatea_keys, name) for name in keyed} == keyed
    assert settings.path.name == "Ring"


def test_choices_come_from_the_pack_and_outlive_it(ui):
    assert ui.action_choice == "walk"  # before any pack was read
    watching.read_packs()
    assert ui.style_choice == "PLAIN" and ui.pack_choice == "PLAIN"
    ui.action_choice = "run"
    assert ui.action == "run"
    ui.style_choice = next(style for style in shown.now.catalogue.generator("").styles)
    assert ui.style == ui.style_choice
    ui.style_choice = "PLAIN"
    assert ui.style == ""
    ui.action, ui.pack = "levitate", "gone"
    assert ui.action_choice == "levitate" and ui.pack_choice == "gone"
    ui.pack = ""
    shown.now.catalogue = shown.Catalogue()  # all packs vanished
    assert ui.action_choice == "levitate" and ui.style_choice == "PLAIN" and ui.pack_choice == "PLAIN"


def test_settings_are_the_request_s_defaults(ui):
    keyed, retargeted = bpy.context.scene.galatea_keys, bpy.context.scene.galatea_retarget
    assert ui.request() == api.MotionRequest()
    assert keyed.feet_request() == api.FeetRequest() and keyed.refit_options() == api.KeyOptions()
    assert retargeted.request(("a.bvh",)) == api.RetargetRequest(clips=("a.bvh",))


def test_a_take_goes_on_from_a_pose_unless_it_is_a_loop(ui):
    ui.from_pose, ui.start = True, 40
    assert ui.request() == api.MotionRequest(from_pose=True, start=40)
    ui.loop = True  # the field is grey then
    assert ui.request() == api.MotionRequest(loop=True, start=40)


def test_keys_are_made_as_the_keys_panel_says(ui):
    keyed, scene = bpy.context.scene.galatea_keys, bpy.context.scene
    options = {"keys": "every", "tolerance": 5.0, "feet": False, "in_place": True, "root": "own", "controls": "fk",
               "nla": True}
    for name, value in options.items():
        setattr(keyed, name, value)
    assert ui.request() == api.MotionRequest(**options)
    assert scene.galatea_retarget.request(("a.bvh",)) == api.RetargetRequest(clips=("a.bvh",), **options)
    keyed.some_frames, keyed.first, keyed.last = True, 5, 9
    assert keyed.feet_request() == api.FeetRequest(first=5, last=9, keys="every", tolerance=5.0, controls="fk")
    with pytest.raises(api.GalateaError, match="nothing to retarget is chosen"):
        scene.galatea_retarget.request()


def test_the_dice_change_the_seed(ui):
    seeds = set()
    for _ in range(5):
        bpy.ops.galatea.roll_seed()
        seeds.add(ui.seed)
    assert len(seeds) > 3


def test_add_human_is_a_rig_with_a_body(ui):
    bpy.context.scene.cursor.location = (1.0, 2.0, 3.0)
    assert bpy.ops.galatea.add_human("EXEC_DEFAULT", True) == {"FINISHED"}
    armature = bpy.context.object
    assert armature.type == "ARMATURE" and tuple(armature.location) == (1.0, 2.0, 3.0)
    assert [child.type for child in armature.children] == ["MESH"]
    watching.read_rig(armature)
    told = shown.now.rig
    assert told.family and told.rest_pose == "T"
    assert len(told.joints) == 22 and not told.missing and not told.problem


# --- on and off -----------------------------------------------------------------------------------------------------


def _traces() -> dict[str, object]:
    handlers = [name for name in dir(bpy.app.handlers) if isinstance(getattr(bpy.app.handlers, name), list)]
    return {
        "types": {name for name in dir(bpy.types) if "galatea" in name.lower()},
        "scene": any(name.startswith("galatea") for name in dir(bpy.types.Scene)),
        "operators": "galatea" in dir(bpy.ops),
        "handlers": {name: len(getattr(bpy.app.handlers, name)) for name in handlers},
        "timers": bpy.app.timers.is_registered(watching._look),
        "menus": [len(getattr(getattr(bpy.types, menu).draw, "_draw_funcs", [0]))
                  for menu in ("VIEW3D_MT_pose", "VIEW3D_MT_object", "VIEW3D_MT_armature_add", "GRAPH_MT_key",
                               "DOPESHEET_MT_key")],
    }


def test_on_and_off_ten_times_leaves_nothing(empty_scene):
    blender_addon.register(PACKAGE)
    blender_addon.unregister()
    before = _traces()
    for _ in range(10):
        blender_addon.register(PACKAGE)
        assert bpy.types.Scene.galatea_motion and bpy.ops.galatea.generate_motion.idname()
        blender_addon.unregister()
    assert _traces() == before and before["types"] == set() and not before["scene"]


def test_everything_said_in_german_is_said_in_english_somewhere():
    """A text that was changed in the panels and not in the dictionary is not translated any more."""
    from pathlib import Path

    folder = Path(translations.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py")
                     if path.name != "translations.py") + (folder.parent / "scene" / "rigs.py").read_text("utf-8")
    plain = source.replace('" "', "")
    missing = [text for _, text in translations.TEXTS["de_DE"] if f'"{text}"' not in plain]
    assert missing == []


def test_the_panels_name_every_joint():
    from blender_addon.motion.skeleton import JOINTS

    assert sorted(rigs.JOINT_NAMES) == sorted(JOINTS)


def test_choices_keep_their_texts_alive():
    """Blender points into these strings; a list made anew for each call would be gone."""
    words = ("walk", "run")
    tips = ("", "")
    assert choices._items(words, tips, "walk", "") is choices._items(words, tips, "walk", "")
