# SPDX-License-Identifier: GPL-3.0-or-later
"""Model packs and what runs them: reading, checking, sessions and devices, without bpy."""
