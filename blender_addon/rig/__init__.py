# SPDX-License-Identifier: GPL-3.0-or-later
"""Understanding any humanoid rig and moving it, without Blender: plain bones in, canonical joints and keys out."""
