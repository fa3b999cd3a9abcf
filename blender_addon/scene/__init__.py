# SPDX-License-Identifier: GPL-3.0-or-later
"""What Galatea does to a Blender scene: rigs, keys, meshes and files. The only room besides the interface with bpy."""
