# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion without Blender: clips, skeletons, rotations, BVH files and generating. Imports neither bpy nor torch."""
