# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors a user can cause: one readable line each, which every door prints as it is."""


class GalateaError(Exception):
    """Something the user can mend; the message says what is wrong and how to mend it, in one line."""


class PackError(GalateaError):
    """A model pack is missing, damaged or not what it says it is."""


class ClipError(GalateaError):
    """A motion clip cannot be read or does not describe a humanoid."""


class RigError(GalateaError):
    """An armature is missing or is not understood as a humanoid."""


class DeviceError(GalateaError):
    """A graph cannot be run: onnxruntime is missing or the wished device failed."""
