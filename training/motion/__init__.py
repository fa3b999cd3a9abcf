# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion: from folders of BVH files to trained packs and measured figures."""
