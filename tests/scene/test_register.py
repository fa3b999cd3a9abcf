# SPDX-License-Identifier: GPL-3.0-or-later
"""Switching the extension on is quick, reads no pack and starts no onnxruntime; switching it off leaves nothing."""

import json
import subprocess
import sys

# A fresh process, as a user's Blender is one: what other tests imported must not count.
_PROBE = """
import importlib.util, json, os, sys, time
import bpy

root = sys.argv[1]
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
started = time.perf_counter()  # as a user waits, disk and all
entry = os.path.join(root, "__init__.py")
spec = importlib.util.spec_from_file_location("galatea", entry, submodule_search_locations=[root])
extension = sys.modules["galatea"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(extension)
extension.register()
took = time.perf_counter() - started
from galatea.blender_addon import home
seen = {
    "milliseconds": 1000 * took,
    "extension": home.extension(),
    "modules": sorted({"onnxruntime", "torch", "training", "blender_addon"} & set(sys.modules)),
    "models": [f for f in opened if f.startswith(os.path.join(root, "models"))],
}
extension.unregister()
seen["after"] = home.extension()
extension.register()  # a second time: nothing of the first may be in the way
extension.unregister()
print("SEEN" + json.dumps(seen), flush=True)
sys.stderr.flush()
os._exit(0)  # bpy 4.2 frees panels after Python has ended, and crashes
"""


def switched_on(root) -> dict:
    """What was seen in a process of its own."""
    done = subprocess.run([sys.executable, "-c", _PROBE, str(root)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Error" not in done.stderr and "Traceback" not in done.stderr
    return json.loads(done.stdout.partition("SEEN")[2])


def test_register_is_quick_and_touches_nothing(root):
    # the quickest of three: what else the machine does can lengthen one, and never shortens any
    every = [switched_on(root) for _ in range(3)]
    assert min(seen["milliseconds"] for seen in every) <= 50
    seen = every[0]
    assert seen["extension"] == "galatea"
    assert seen["modules"] == [] and seen["models"] == []
    assert seen["after"] == ""
