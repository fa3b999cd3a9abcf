# SPDX-License-Identifier: GPL-3.0-or-later
"""Materials: from pictures to a trained GAN and measured figures."""
