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
started = time.process_time()  # what it asks of the machine, which other work does not lengthen
entry = os.path.join(root, "__init__.py")
spec = importlib.util.spec_from_file_location("galatea", entry, submodule_search_locations=[root])
extension = sys.modules["galatea"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(extension)
extension.register()
took = time.process_time() - started
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


def test_register_is_quick_and_touches_nothing(root):
    done = subprocess.run([sys.executable, "-c", _PROBE, str(root)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.partition("SEEN")[2])
    assert seen["milliseconds"] <= 50
    assert seen["extension"] == "galatea"
    assert seen["modules"] == [] and seen["models"] == []
    assert seen["after"] == ""
    assert "Error" not in done.stderr and "Traceback" not in done.stderr
