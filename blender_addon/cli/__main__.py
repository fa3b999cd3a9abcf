# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m blender_addon.cli`: the command line where its script is not installed."""

import sys

from . import main

sys.exit(main())
