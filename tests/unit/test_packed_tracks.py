# SPDX-License-Identifier: GPL-3.0-or-later
"""The motion behind keys as few bytes, and back."""

import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_tracks import made_chain, noisy_walk, tracks_of

from blender_addon.motion.packed_tracks import pack_tracks, unpack_tracks
from blender_addon.motion.tracks import Tracks


@given(frames=st.integers(1, 40), seed=st.integers(0, 1000), start=st.integers(-1000, 1000), stands=st.booleans())
def test_there_and_back(frames, seed, start, stands):
    tracks = made_chain(frames, seed)
    contacts = np.random.default_rng(seed).random((frames, 4)) < 0.5 if stands else None
    tracks = replace(tracks, contacts=contacts, feet=("a", "", 'b"\n', "ü"))
    motion = unpack_tracks(pack_tracks(tracks, start))
    assert (motion.start, motion.frames, motion.feet) == (start, frames, tracks.feet)
    assert (motion.contacts is None) == (contacts is None)
    assert contacts is None or np.array_equal(motion.contacts, contacts)
    assert list(motion.rotations) == [track.bone for track in tracks.bones] and list(motion.locations) == ["bone 0"]
    for track in tracks.bones:
        assert np.abs(motion.rotations[track.bone] - track.rotation).max() < 2e-6
    first = tracks.bones[0]
    assert np.allclose(motion.locations["bone 0"], first.location @ first.location_axes.T, atol=1e-6)


def test_eight_seconds_of_a_body_take_less_than_a_tenth_of_a_megabyte():
    assert len(pack_tracks(tracks_of(noisy_walk(seconds=8.0, noise=0.01)), 1)) < 100_000


def test_nothing_but_places():
    bones = tuple(replace(track, rotation=None) for track in made_chain(5, 0).bones[:1])
    motion = unpack_tracks(pack_tracks(Tracks(bones, 30.0, 1.0), 1))
    assert motion.frames == 5 and not motion.rotations


@pytest.mark.parametrize("damage", [b"", b"nonsense", None, -20, 30])
def test_what_is_damaged_is_told(damage):
    packed = pack_tracks(made_chain(20, 0), 1)
    if isinstance(damage, bytes):
        packed = damage
    elif damage is None:
        packed = zlib.compress(zlib.decompress(packed)[:-50])
    else:
        packed = packed[:damage]
    with pytest.raises(ValueError, match="no motion is packed"):
        unpack_tracks(packed)
