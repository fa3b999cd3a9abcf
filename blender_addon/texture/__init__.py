# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps of seamless materials out of a GAN pack; free of bpy."""
