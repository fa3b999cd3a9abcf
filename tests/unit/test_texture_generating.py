# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps out of a made pack: seamless, the same for the same seed through every door, different for anything else."""

import hashlib
import subprocess
import sys
import time

import numpy as np
import pytest
from judged_textures import inputs_of, integrated, make, rolled_error, seam_excess, seen_by_differences
from made_texture_pack import CLASSES, COLOURS, write_texture_pack

from blender_addon import api
from blender_addon.errors import DeviceError, GalateaError
from blender_addon.inference.packs import read_pack, verify_pack
from blender_addon.inference.sessions import open_session
from blender_addon.texture import finishing, generating
from blender_addon.texture.generating import MAPS, central_square, draw, look_at, shrink
from blender_addon.texture.requests import TextureRequest
from blender_addon.texture.seams import figures_in_slices, seam_ratio
from blender_addon.texture.vocabulary import vocabulary


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return read_pack(write_texture_pack(tmp_path_factory.mktemp("packs") / "made"))


@pytest.fixture
def doors(pack, monkeypatch):
    """Every door finds the made pack."""
    monkeypatch.setattr(api.texture.packs, "pick_pack", lambda kind, name="": pack)
    return pack


def same(one, other):
    return [name for name in MAPS if np.array_equal(getattr(one, name), getattr(other, name))]


def finish(slices):
    while True:
        try:
            next(slices)
        except StopIteration as done:
            return done.value


# --- what is made -----------------------------------------------------------------------------------------------


def test_the_made_pack_is_in_order(pack):
    assert all(finding.ok for finding in verify_pack(pack))
    assert pack.words("classes") == CLASSES and pack.words("directions") == ("rougher", "lighter")


@pytest.mark.parametrize("name", CLASSES)
def test_rolling_the_noise_rolls_every_map(pack, name):
    assert rolled_error(pack, name, 256) <= 1e-6


def test_the_border_is_a_line_like_any_other(pack):
    found = seam_excess([make(pack, "stone", 256, seed=seed) for seed in range(6)])
    assert max(found.values()) <= 1.0, found


def test_normals_integrate_to_the_height_and_the_other_way_up_they_do_not(pack):
    made, known = make(pack, "leather", 256), vocabulary(pack)
    height = seen_by_differences(made.height)
    depth = known.looks["leather"].relief * known.texels_per_tile
    assert np.abs(integrated(made.normal, depth) - height).max() <= 1e-4
    assert np.abs(integrated(made.normal * [1.0, -1.0, 1.0], depth) - height).max() > 0.01  # DirectX's convention


def test_sizes_may_differ_and_a_larger_one_is_a_larger_area(pack):
    wide = generating.generate_maps(pack, TextureRequest("skin", width=96, height=32, device="cpu"))
    assert wide.size == (96, 32) and wide.normal.shape == (32, 96, 3)
    assert vocabulary(pack).metres("skin", 96) == pytest.approx(0.015)


@pytest.mark.parametrize(("width", "height"), [(128, 512), (96, 480), (512, 512)])
def test_strips_make_what_the_whole_makes(pack, monkeypatch, width, height):
    request, known = TextureRequest("leather", width=width, height=height, device="cpu"), vocabulary(pack)
    assert generating.strips(known, width, height) == [generating.Strip(0, height, 0)]
    whole = generating.generate_maps(pack, request)
    monkeypatch.setattr(generating, "STRIP_PIXELS", width * 224)
    parts = generating.strips(known, width, height)
    assert len(parts) > 2 and all(part.last - part.first + 2 * part.margin <= 224 for part in parts)
    assert [part.first for part in parts[1:]] == [part.last for part in parts[:-1]]
    made = generating.generate_maps(pack, request)
    assert max(np.abs(getattr(whole, name) - getattr(made, name)).max() for name in MAPS) < 1e-5


def test_the_largest_size_is_made_in_strips_of_whole_cells(pack):
    known = vocabulary(pack)
    parts = generating.strips(known, 2048, 2048)
    assert (parts[0].first, parts[-1].last) == (0, 2048)
    assert all((part.last - part.first + 2 * part.margin) * 2048 <= generating.STRIP_PIXELS for part in parts)
    assert all(part.first % known.cell == 0 and part.margin >= known.reach for part in parts)


# --- what a seed means ------------------------------------------------------------------------------------------


def test_draws_are_normal_and_in_order(pack):
    known = vocabulary(pack)
    draws = draw(known, 3, 512, 256)
    assert (draws.noise.shape, draws.grain.shape) == ((known.noise_channels, 8, 16), (256, 512))
    source = np.random.Generator(np.random.Philox(3))
    assert np.array_equal(draws.latent, source.standard_normal(known.latent, dtype=np.float32))
    assert abs(draws.grain.mean()) < 0.02 and abs(draws.grain.std() - 1.0) < 0.02
    assert np.array_equal(draw(known, 3, 32, 32).latent, draws.latent)  # whatever the size


def test_draws_are_the_same_with_every_numpy():
    """As 1.24 (Blender 4.2), 1.26 and 2.3 (Blender 5.2) draw them."""
    source = np.random.Generator(np.random.Philox(5))
    drawn = b"".join(source.standard_normal(count, dtype=np.float32).tobytes() for count in (64, 1000, 33333))
    assert hashlib.sha256(drawn).hexdigest().startswith("d51674e02e93ba52")


def test_one_seed_is_one_result_through_every_door(doors):
    request = TextureRequest("stone", seed=5, width=128, height=128, device="cpu")
    made = api.generate_texture(request)
    assert same(made.maps, finish(api.texture_in_slices(request)).maps) == list(MAPS)
    assert same(made.maps, generating.generate_maps(doors, request)) == list(MAPS)
    among = api.generate_texture(TextureRequest("stone", seed=4, count=3, width=128, height=128, device="cpu"))
    assert [texture.seed for texture in among.textures] == [4, 5, 6]
    assert same(made.maps, among.textures[1].maps) == list(MAPS)
    assert same(made.maps, among.textures[2].maps) == ["metallic"]  # stone is no metal, whatever the seed


@pytest.mark.parametrize("threads", [1, 3, 4])
def test_threads_do_not_change_a_bit(pack, threads):
    inputs = inputs_of(pack, "stone", 256)
    two, other = (open_session(pack, "model", "cpu", count).run(inputs) for count in (2, threads))
    assert all(np.array_equal(two[name], other[name]) for name in MAPS)


def test_a_process_started_afresh_makes_the_same(pack):
    code = f"""
import hashlib
from blender_addon.inference.packs import read_pack
from blender_addon.texture.generating import generate_maps
from blender_addon.texture.requests import TextureRequest
made = generate_maps(read_pack({str(pack.folder)!r}), TextureRequest("skin", seed=9, width=64, height=64, device="cpu"))
print(hashlib.sha256(made.albedo.tobytes() + made.normal.tobytes()).hexdigest())
"""
    told = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
            for _ in range(2)}
    assert len(told) == 1 and len(told.pop().strip()) == 64


# --- what is asked for ------------------------------------------------------------------------------------------


def test_classes_have_their_colours_and_metals_are_metallic(pack):
    for name, colour in zip(CLASSES, COLOURS):
        made = make(pack, name, 128)
        assert np.abs(made.albedo.mean(axis=(0, 1)) / made.albedo.mean() - colour / colour.mean()).max() < 0.05
        assert (made.metallic.mean() > 0.5) == (name == "chainmail")


def test_what_is_no_metal_is_none_at_all(pack, monkeypatch):
    def metal(**more):
        request = TextureRequest(seed=1, width=64, height=64, device="cpu", **more)
        return generating.generate_maps(pack, request).metallic

    assert not metal(class_name="stone").any() and not metal(class_name="skin", second_class="stone").any()
    assert metal(class_name="chainmail").min() > 0.0
    assert metal(class_name="stone", second_class="chainmail", second_amount=0.1).min() > 0.0
    monkeypatch.setattr(finishing, "_NO_METAL", 0.005)  # rivets in what is no metal stay
    assert metal(class_name="stone").any()


def test_metals_keep_to_the_colours_of_metals(pack):
    """Steel, gold and copper stay; blue, green and violet tints go, and what is no metal on them stays, too."""
    known, request = vocabulary(pack), TextureRequest("chainmail")
    kept = [(0.62, 0.64, 0.68), (0.85, 0.65, 0.35), (0.78, 0.47, 0.36), (0.20, 0.20, 0.19)]
    tinted = [(0.40, 0.55, 0.85), (0.15, 0.35, 0.15), (0.60, 0.35, 0.65)]
    for name, metal, colours, stays in (("chainmail", 1.0, kept, True), ("chainmail", 1.0, tinted, False),
                                        ("chainmail", 0.0, tinted, True), ("stone", 1.0, tinted, True)):
        maps = generating.blank_maps(len(colours), 300)
        maps.albedo[:], maps.metallic[:] = colours, metal
        for _ in finishing.finish(maps, known, request, name, None):
            pass
        moved = np.abs(maps.albedo - np.array(colours, np.float32)).max(axis=(0, 2))
        assert (moved < 0.03).all() if stays else (moved > 0.05).all(), (name, metal, moved)
        if not stays:
            assert (np.ptp(maps.albedo, axis=2) < 0.13).all()
            grey = np.broadcast_to(np.mean(colours, axis=1), (300, 3))
            assert maps.albedo.mean(axis=2) == pytest.approx(grey, abs=0.01)


def test_directions_lead_where_their_names_say(pack):
    plain, rough, light = (make(pack, "leather", 128, directions=ways)
                           for ways in ({}, {"rougher": 2.0}, {"lighter": 2.0}))
    assert rough.roughness.mean() > plain.roughness.mean() + 0.1
    assert np.array_equal(rough.albedo[..., 0] > 0, plain.albedo[..., 0] > 0)
    assert light.albedo.mean() > plain.albedo.mean() + 0.02


def test_without_variety_seeds_differ_in_layout_alone(pack):
    inputs = [inputs_of(pack, "stone", 64, seed=seed, variety=0.0) for seed in (1, 2)]
    assert np.array_equal(inputs[0]["style"], inputs[1]["style"])
    assert not np.array_equal(inputs[0]["noise"], inputs[1]["noise"])
    assert not np.array_equal(*(inputs_of(pack, "stone", 64, seed=seed)["style"] for seed in (1, 2)))


def test_mixing_moves_the_stages_it_names_towards_the_other_seed(pack):
    own, other = (inputs_of(pack, "stone", 64, seed=seed)["style"] for seed in (1, 2))
    assert np.allclose(own, own[:, :1])
    halfway = inputs_of(pack, "stone", 64, seed=1, mix_seed=2)["style"]
    assert np.allclose(halfway, 0.5 * (own + other), atol=1e-6)
    whole = inputs_of(pack, "stone", 64, seed=1, mix_seed=2, mix_amount=1.0)
    assert np.allclose(whole["style"], other, atol=1e-6)
    assert np.array_equal(whole["noise"], inputs_of(pack, "stone", 64, seed=1)["noise"])  # the layout stays
    coarse, fine = (inputs_of(pack, "stone", 64, seed=1, mix_seed=2, mix_amount=1.0, mixed=mixed)["style"]
                    for mixed in ("coarse", "fine"))
    assert np.allclose(coarse[:, :2], other[:, :2], atol=1e-6) and np.array_equal(coarse[:, 2:], own[:, 2:])
    assert np.allclose(fine[:, 2:], other[:, 2:], atol=1e-6) and np.array_equal(fine[:, :2], own[:, :2])


def test_a_second_class_weighs_what_it_is_given(pack):
    weights = inputs_of(pack, "skin", 64, second_class="stone", second_amount=0.25)["class"]
    assert np.allclose(weights, [[0.75, 0.0, 0.0, 0.25]])
    assert np.allclose(inputs_of(pack, "skin", 64, second_class="skin", second_amount=0.25)["class"], [[1, 0, 0, 0]])


def test_a_picture_gives_the_style_and_the_class(doors, monkeypatch):
    """The picture is leather's colour in its middle, on a white ground that the square leaves out."""
    picture = np.ones((200, 600, 3), np.float32)
    picture[:, 200:400] = COLOURS[1]
    monkeypatch.setitem(sys.modules, "blender_addon.scene.pictures",
                        type(sys)("blender_addon.scene.pictures"))
    sys.modules["blender_addon.scene.pictures"].read_picture = lambda path: picture
    result = api.generate_texture(TextureRequest(like="bag.jpg", width=64, height=64, device="cpu"))
    assert result.class_name == "leather" and result.guess["leather"] > 0.9
    assert result.maps.albedo.mean(axis=(0, 1)) == pytest.approx(COLOURS[1], abs=0.01)
    lighter = TextureRequest(like="bag.jpg", directions={"lighter": 3.0}, width=64, height=64, device="cpu")
    assert api.generate_texture(lighter).maps.albedo.mean() > result.maps.albedo.mean() + 0.05
    assert same(result.maps, finish(api.texture_in_slices(result.request)).maps) == list(MAPS)
    other = api.generate_texture(TextureRequest(like="bag.jpg", seed=1, width=64, height=64, device="cpu"))
    assert not np.array_equal(result.maps.height, other.maps.height)
    named = api.generate_texture(TextureRequest("stone", like="bag.jpg", width=64, height=64, device="cpu"))
    assert named.class_name == "stone" and named.guess == result.guess
    assert not np.array_equal(named.maps.height, api.generate_texture(
        TextureRequest("stone", width=64, height=64, device="cpu")).maps.height)


def test_pictures_are_brought_to_a_tile(pack):
    rng = np.random.default_rng(0)
    picture = rng.random((256, 300, 3)).astype(np.float32)
    square = central_square(picture)
    assert np.array_equal(square, picture[:, 22:278])
    assert np.allclose(shrink(square, 128), square.reshape(128, 2, 128, 2, 3).mean(axis=(1, 3)), atol=1e-6)
    uneven = shrink(rng.random((301, 301, 3)).astype(np.float32), 128)
    assert uneven.shape == (128, 128, 3) and abs(uneven.mean() - 0.5) < 0.01
    assert np.allclose(shrink(np.full((5, 5, 3), 0.3, np.float32), 128), 0.3, atol=1e-6)
    seen = look_at(open_session(pack, "encoder", "cpu", 2), vocabulary(pack), picture)
    assert seen.classes.sum() == pytest.approx(1.0, abs=1e-5)


# --- in slices --------------------------------------------------------------------------------------------------


def test_slices_tell_how_far_they_are_and_closing_breaks_off(doors):
    request = TextureRequest("stone", width=512, height=512, count=2, device="cpu")
    shares = []
    slices = api.texture_in_slices(request)
    while not shares or shares[-1] < 0.5:
        shares.append(next(slices))
    assert shares == sorted(shares) and shares[0] == 0.0
    slices.close()
    assert api.generate_texture(TextureRequest("stone", width=64, height=64, device="cpu")).figures


@pytest.mark.parametrize("size", [512, 1024])
def test_no_slice_keeps_a_window_waiting(doors, size):
    """A slice's own work, not the time that others take from it on a busy machine."""
    slices = api.texture_in_slices(TextureRequest("stone", width=size, height=size, device="cpu"))
    assert longest(slices) < 0.2
    result = api.generate_texture(TextureRequest("stone", width=size, height=size, device="cpu"))
    assert longest(api.texture.write_in_slices(result, doors.folder.parent / "written", preview=True)) < 0.2


def longest(slices):
    worst = 0.0
    while True:
        began = time.thread_time()
        try:
            next(slices)
        except StopIteration:
            return max(worst, time.thread_time() - began)
        worst = max(worst, time.thread_time() - began)


def test_a_graph_beside_needs_a_second_thread_and_right_inputs(pack):
    inputs = inputs_of(pack, "stone", 64)
    with pytest.raises(DeviceError, match="two"):
        open_session(pack, "model", "cpu", 1).run_beside(inputs)
    session = open_session(pack, "model", "cpu", 2)
    with pytest.raises(DeviceError):
        wait(session.run_beside({**inputs, "style": inputs["style"][:, :, :3]}))
    with pytest.raises(DeviceError):
        wait(session.run_beside({name: array for name, array in inputs.items() if name != "grain"}))
    beside, plain = wait(session.run_beside(inputs)), session.run(inputs)
    assert all(np.array_equal(beside[name], plain[name]) for name in MAPS)


def test_a_stopped_graph_ends_and_the_session_lives_on(pack):
    session, inputs = open_session(pack, "model", "cpu", 2), inputs_of(pack, "stone", 1024)
    run = session.run_beside(inputs)
    run.stop()
    try:
        wait(run)
    except DeviceError as error:
        assert "terminate" in str(error)
    assert set(session.run(inputs_of(pack, "stone", 64))) == set(MAPS)


def wait(run):
    until = time.monotonic() + 120.0
    while not run.done:
        assert time.monotonic() < until
        time.sleep(0.01)
    return run.outputs()


# --- figures ----------------------------------------------------------------------------------------------------


def test_figures_find_a_seam_a_short_normal_and_a_constant_map(pack):
    made = make(pack, "stone", 128)
    good = finish(figures_in_slices(made))
    assert good["seam_max"] < 1.5 and good["normal_error"] < 1e-6 and good["constant"] == ("metallic",)
    height = made.height.copy()
    height[0] = 1.0 - height[0]
    normal = made.normal.copy()
    normal[3, 4] *= 0.9
    worse = finish(figures_in_slices(generating.TextureMaps(made.albedo, normal, np.full_like(height, 0.5),
                                                            made.metallic, height)))
    assert worse["seam_max"] > 3.0 and worse["normal_error"] == pytest.approx(0.1, rel=0.01)
    assert worse["constant"] == ("roughness", "metallic")


def test_a_ramp_has_a_seam_and_a_wave_has_none():
    across = np.linspace(0.0, 1.0, 64)[None].repeat(32, axis=0)
    assert seam_ratio(across, 1) == pytest.approx(63.0) and seam_ratio(across, 0) == 0.0
    wave = np.sin(2.0 * np.pi * np.arange(64) / 64)[None].repeat(32, axis=0)
    assert seam_ratio(wave, 1) == pytest.approx(1.0, abs=0.01)


def test_numbers_that_are_none_are_an_error():
    outputs = {name: np.zeros((1, 3 if name in ("albedo", "normal") else 1, 4, 4), np.float32) for name in MAPS}
    outputs["height"][0, 0, 1, 1] = np.nan
    with pytest.raises(GalateaError, match="no numbers"):
        generating.fill_in(generating.blank_maps(4, 4), generating.Strip(0, 4, 0), outputs)


# --- results ----------------------------------------------------------------------------------------------------


def test_a_result_says_what_was_made_with_what(doors):
    request = TextureRequest("chainmail", seed=2, width=64, height=128, directions={"rougher": 1.0}, mix_seed=3,
                             device="cpu")
    result = api.generate_texture(request)
    told = result.as_dict()
    assert (told["pack"], told["provider"], told["seed"], told["class_name"]) == (
        "made-textures", "CPUExecutionProvider", 2, "chainmail")
    assert told["metres"] == (0.03, 0.06) and told["look"]["metallic"] is True
    assert told["textures"][0]["figures"] == result.figures and told["request"]["directions"] == {"rougher": 1.0}
    origin = result.provenance(2)
    assert origin["galatea_class"] == "chainmail" and origin["galatea_direction_rougher"] == 1.0
    assert origin["galatea_mix_seed"] == 3
    assert all(isinstance(value, str | int | float | bool) for value in origin.values())
