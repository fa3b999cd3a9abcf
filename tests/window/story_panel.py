# SPDX-License-Identifier: GPL-3.0-or-later
"""An artist's first quarter of an hour, told to inside.py."""

import json
import time

import bpy

PACKAGE = "bl_ext.user_default.galatea"
HEADER = 28  # pixels of a folded panel


def dump() -> dict:
    """Everything in the file that a cancelled motion might have left behind."""
    def told(block) -> dict:
        animation = getattr(block, "animation_data", None)
        action = animation.action if animation else None
        seen = {"users": block.users, "fake": block.use_fake_user, "animated": animation is not None,
                "action": action.name if action else None,
                "slot": str(getattr(animation, "action_slot", None) and animation.action_slot.identifier)}
        if isinstance(block, bpy.types.Object):
            seen |= {"selected": block.select_get(), "mode": block.mode,
                     "matrix": [round(value, 6) for row in block.matrix_world for value in row],
                     "pose": [round(value, 6) for bone in (block.pose.bones if block.pose else ())
                              for row in bone.matrix_basis for value in row]}
        if isinstance(block, bpy.types.Action):
            seen |= {"range": tuple(block.frame_range), "custom": sorted(block.keys())}
        return seen

    kinds = ("objects", "actions", "armatures", "meshes", "curves", "collections", "scenes", "materials", "worlds")
    blocks = {f"{kind}/{block.name}": told(block) for kind in kinds for block in getattr(bpy.data, kind)}
    scene = bpy.context.scene
    active = bpy.context.view_layer.objects.active
    blocks["scene"] = (scene.frame_current, scene.frame_start, scene.frame_end, scene.render.fps,
                       active.name if active else None)
    return json.loads(json.dumps(blocks))


def rig() -> bpy.types.Object:
    return next(ob for ob in bpy.data.objects if ob.type == "ARMATURE")


def action_of_rig() -> str:
    data = rig().animation_data
    return data.action.name if data and data.action else ""


class Ticks:
    """How long the window was away while motion was made: the gaps between ticks of a timer."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.on = True
        bpy.app.timers.register(self.tick, first_interval=0.0)

    def tick(self) -> float | None:
        if running():
            self.times.append(time.perf_counter())
        return 0.002 if self.on else None

    def stop(self) -> list[float]:
        self.on = False
        return sorted((b - a for a, b in zip(self.times, self.times[1:])), reverse=True)


def running() -> bool:
    from bl_ext.user_default.galatea.blender_addon.ui import shown

    return shown.now.progress is not None


def generate(stage, seconds: float, until: float | None = None):
    """Click Generate and wait for its end; `until`: Esc at this share."""
    from bl_ext.user_default.galatea.blender_addon.ui import shown

    bpy.context.scene.galatea_motion.seconds = seconds
    yield 0.2
    yield from stage.find_button("galatea.generate_motion")
    ticks = Ticks()
    yield from stage.click()
    yield 0.05
    while not running():
        yield 0.02
    while running():
        if until is not None and (shown.now.progress or 0.0) > until:
            stage.press("ESC")
            until = None
        yield 0.05
    yield 0.2
    return ticks.stop()


def start(stage, seconds: float):
    """Start generating, not by mouse, and go on while it runs."""
    bpy.context.scene.galatea_motion.seconds = seconds
    with stage.context():
        bpy.ops.galatea.generate_motion("INVOKE_DEFAULT")
    while not running():
        yield 0.02
    yield 0.3
    assert running()


def wait():
    """Until what was started is done."""
    while running():
        yield 0.05
    yield 0.2


def clean_up(stage):
    """Other keys, standing feet, and a clip from a file; each is one step to undo."""
    from bl_ext.user_default.galatea.blender_addon import api
    from bl_ext.user_default.galatea.blender_addon.motion.bvh import write_bvh

    write_bvh(stage.folder / "clip.bvh", api.read_motion(rig()))
    bpy.context.scene.galatea_keys.tolerance = 10.0
    calls = {
        "refit": lambda: bpy.ops.galatea.refit_keys("INVOKE_DEFAULT"),
        "feet": lambda: bpy.ops.galatea.lock_feet("INVOKE_DEFAULT"),
        "retarget": lambda: bpy.ops.galatea.choose_clips("EXEC_DEFAULT", directory=str(stage.folder),
                                                         files=[{"name": "clip.bvh"}]),
    }
    for name, call in calls.items():
        before = dump()
        ticks = Ticks()
        with stage.context():
            call()
        yield 0.05
        yield from wait()
        stage.seen[f"gaps_{name}"] = ticks.stop()[:5]
        stage.seen[name] = action_of_rig()
        stage.over_viewport()
        stage.press("Z", ctrl=True)
        yield 0.6
        after = dump()
        stage.seen[f"undone_{name}"] = {key: (before.get(key), after.get(key)) for key in before.keys() | after.keys()
                                        if before.get(key) != after.get(key)}


def draw_times() -> dict[str, float]:
    """Put a clock around every draw() of ours."""
    spent: dict[str, float] = {}

    def clocked(kind):
        draw = kind.draw

        def timed(self, context):
            began = time.perf_counter()
            draw(self, context)
            spent[kind.bl_idname] = min(spent.get(kind.bl_idname, 1.0), time.perf_counter() - began)

        kind.draw = timed

    for kind in panels():
        clocked(kind)
    return spent


def panels() -> list[type]:
    """The classes of our panels, in their order."""
    from bl_ext.user_default.galatea.blender_addon import ui

    classes = [kind for feature in ui._FEATURES for kind in getattr(feature, "CLASSES", ())]
    return [kind for kind in classes if issubclass(kind, bpy.types.Panel)]


def story(stage):
    seen = stage.seen
    # Without a GPU the viewport takes long to draw, and to smooth it Blender draws it eleven times after each change.
    bpy.context.preferences.system.viewport_aa = "OFF"
    for name in ("Cube",):
        bpy.data.objects.remove(bpy.data.objects[name])
    bpy.ops.extensions.package_install_files(filepath=stage.archive, repo="user_default", enable_on_install=True)
    seen["installed"] = PACKAGE in bpy.context.preferences.addons
    yield 0.5
    spent = draw_times()
    yield from stage.open_tab()
    yield from stage.picture("1-no-rig")

    with stage.context():
        bpy.ops.galatea.add_human()
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_orbit(angle=0.6, type="ORBITLEFT")
        bpy.ops.view3d.view_selected()
    bpy.ops.ed.undo_push(message="Start")
    yield from stage.picture("2-human")

    bpy.context.scene.galatea_motion.action = "levitate"
    yield from stage.find_button("galatea.generate_motion")
    yield from stage.click()
    yield 1.0
    yield from stage.picture("3-error")
    stage.press("ESC")  # Blender's own box with the message
    bpy.context.scene.galatea_motion.action = "walk"
    stage.over_viewport()
    yield 0.5

    before = dump()
    seen["gaps_8s"] = (yield from generate(stage, 8.0))[:5]
    seen["action"] = action_of_rig()
    seen["keys"] = [round(value) for value in rig().animation_data.action.frame_range]
    bpy.context.scene.frame_set(40)
    with stage.context():
        bpy.ops.view3d.view_selected()
    yield from stage.picture("4-generated")
    bpy.context.scene.frame_set(1)

    stage.over_viewport()
    stage.press("Z", ctrl=True)
    yield 0.6
    after = dump()
    seen["undone"] = {key: (before.get(key), after.get(key)) for key in before.keys() | after.keys()
                      if before.get(key) != after.get(key)}
    stage.press("Z", ctrl=True, shift=True)
    yield 0.6
    seen["redone"] = action_of_rig()
    yield from stage.picture("5-redone")

    yield from clean_up(stage)

    before = dump()
    seen["gaps_60s_esc"] = (yield from generate(stage, 60.0, until=0.5))[:5]
    after = dump()
    seen["cancelled"] = {key: (before.get(key), after.get(key)) for key in before.keys() | after.keys()
                         if before.get(key) != after.get(key)}
    before = dump()
    seen["gaps_60s_late_esc"] = (yield from generate(stage, 60.0, until=0.75))[:5]
    after = dump()
    seen["cancelled_late"] = {key: (before.get(key), after.get(key)) for key in before.keys() | after.keys()
                              if before.get(key) != after.get(key)}
    seen["gaps_60s"] = (yield from generate(stage, 60.0))[:5]
    seen["keys_60s"] = [round(value) for value in rig().animation_data.action.frame_range]

    # another file while motion is made
    yield from start(stage, 60.0)
    bpy.ops.wm.save_as_mainfile(filepath=str(stage.folder / "made.blend"), copy=True)
    bpy.ops.wm.open_mainfile(filepath=str(stage.folder / "made.blend"))
    yield 1.0
    seen["reloaded"] = running()
    yield from stage.open_tab()

    path = str(stage.folder / "saved.blend")
    settings = bpy.context.scene.galatea_motion
    settings.action, settings.style, settings.seed, settings.loop = "run", "zombie", 77, True
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True)
    yield 0.5
    bpy.ops.wm.open_mainfile(filepath=path)
    yield 1.0
    settings = bpy.context.scene.galatea_motion
    seen["reopened"] = [settings.action, settings.style, settings.seed, settings.loop, action_of_rig()]
    yield from stage.open_tab()
    yield from stage.picture("6-reopened")

    # Panels are folded by their key only now: after that, Blender 4.3 and 5.2 crash when a file is opened, with any
    # add-on's panels in a tab of its own.
    region = stage.region("UI")
    shown = [kind for kind in panels() if not hasattr(kind, "bl_parent_id")
             and (not hasattr(kind, "poll") or kind.poll(bpy.context))]
    for above, kind in enumerate(shown[:-1]):  # Packs & Device, the last, starts closed
        if "DEFAULT_CLOSED" not in getattr(kind, "bl_options", ()):
            stage.move(region.x + 0.45 * region.width, region.y + region.height - HEADER * above - 45)
            yield 0.1
            stage.press("A")
            yield 0.4
    yield from stage.picture("7-folded")
    stage.move(region.x + 0.3 * region.width, region.y + region.height - HEADER * (len(shown) - 0.5))
    yield 0.1
    yield from stage.click()
    yield 0.5
    yield from stage.picture("8-packs")
    seen["draw_ms"] = {name: 1000.0 * value for name, value in spent.items()}

    actions = len(bpy.data.actions)
    yield from start(stage, 60.0)
    bpy.ops.preferences.addon_disable(module=PACKAGE)  # while motion is made
    yield 1.0
    seen["disabled"] = len(bpy.data.actions) - actions
    seen["left"] = [name for name in dir(bpy.types) if "galatea" in name.lower()]
    yield from stage.picture("9-disabled")
    bpy.ops.extensions.package_uninstall(repo_index=next(
        at for at, repo in enumerate(bpy.context.preferences.extensions.repos) if repo.module == "user_default"),
        pkg_id="galatea")
    yield 0.5
    seen["uninstalled"] = PACKAGE not in bpy.context.preferences.addons
