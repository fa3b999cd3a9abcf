# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies: from where a rig has its joints to a mesh with UVs and weights; free of bpy."""
