# SPDX-License-Identifier: GPL-3.0-or-later
"""Offline training of Galatea's models, in PyTorch; never imported inside Blender."""
