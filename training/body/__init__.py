# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies learnt from measured people: what is read, the VAE and its baseline, and what was measured."""
