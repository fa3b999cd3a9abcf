# SPDX-License-Identifier: GPL-3.0-or-later
"""The texture generator's networks and losses, against what can be known without training."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from blender_addon.errors import GalateaError  # noqa: E402
from training.texture.batches import draw, tiles_of  # noqa: E402
from training.texture.export import without  # noqa: E402
from training.texture.losses import against, likeness, patch_likeness  # noqa: E402
from training.texture.networks import TINY, Mapping, TextureShape, root_of, slopes_of  # noqa: E402
from training.texture.train import Networks  # noqa: E402

RELIEF, REGULAR = (0.1, 0.2, 0.3), (0.0, 1.0, 1.0)


@pytest.fixture
def networks() -> Networks:
    torch.manual_seed(0)
    return Networks(TextureShape(3, **TINY), torch.tensor(RELIEF), torch.tensor(REGULAR)).eval()


def made(networks: Networks, kind: int, roll: tuple[int, int] = (0, 0)) -> torch.Tensor:
    source = torch.Generator().manual_seed(1)
    shape = networks.shape
    noise, grain = torch.randn(1, shape.noise, 3, 2, generator=source), torch.randn(1, 1, 96, 64, generator=source)
    label = torch.eye(shape.classes)[kind:kind + 1]
    with torch.no_grad():
        return networks.make(torch.ones(1, shape.latent), noise.roll(roll, (2, 3)),
                             grain.roll((32 * roll[0], 32 * roll[1]), (2, 3)), label)


@pytest.mark.parametrize("kind", [0, 1])
def test_rolling_the_noise_by_cells_rolls_the_maps(networks: Networks, kind: int):
    torch.testing.assert_close(made(networks, kind, (1, -1)), made(networks, kind).roll((32, -32), (2, 3)),
                               atol=1e-5, rtol=0.0)


def test_a_lattice_repeats_where_the_class_has_one(networks: Networks):
    for stage in networks.generator.stages:
        for conv in stage.convs:
            torch.nn.init.zeros_(conv.grain)
    shape = networks.shape
    with torch.no_grad():
        flat = [networks.make(torch.ones(1, shape.latent), torch.zeros(1, shape.noise, 2, 2), torch.zeros(1, 1, 64, 64),
                              torch.eye(3)[kind:kind + 1]) for kind in (0, 1)]
    assert float(flat[0].std(dim=(2, 3)).max()) < 1e-6 < 1e-3 < float(flat[1].std(dim=(2, 3)).max())
    torch.testing.assert_close(flat[1].roll(32, 3), flat[1], atol=1e-5, rtol=0.0)


def test_leaving_a_class_out_leaves_the_others_as_they_were(networks: Networks):
    about = {"classes": ["a", "b", "c"], "looks": {"a": {}, "b": {}, "c": {}}}
    fewer, told = without(networks, about, ["b"])
    assert told["classes"] == ["a", "c"] and list(told["looks"]) == ["a", "c"]
    assert fewer.generator.relief.tolist() == pytest.approx([0.1, 0.3])
    assert fewer.generator.regular.tolist() == [0.0, 1.0]
    for old, new in ((0, 0), (2, 1)):
        torch.testing.assert_close(made(fewer, new), made(networks, old))


def test_slopes_are_those_of_a_known_wave():
    rows = torch.arange(64.0) * (2.0 * torch.pi / 64.0)
    height = torch.sin(rows)[None, None, :, None].expand(1, 1, 64, 64)
    slopes = slopes_of(height, torch.tensor([0.05]))
    assert float(slopes[:, 0].abs().max()) < 1e-6
    # the row index runs downwards, a slope is positive upwards
    wanted = -0.05 * 128 * torch.cos(rows) * torch.sin(torch.tensor(2.0 * torch.pi / 64.0))
    torch.testing.assert_close(slopes[0, 1, :, 0], wanted, atol=1e-5, rtol=0.0)


def test_likeness_forgives_moving_and_not_blurring():
    source = torch.Generator().manual_seed(2)
    real, known = torch.rand(2, 6, 64, 64, generator=source), torch.ones(2, 3)
    moved = real.roll((8, 16), (2, 3))
    blurred = torch.nn.functional.avg_pool2d(real, 3, stride=1, padding=1)
    assert float(likeness(moved, real, known)) < 0.1 * float(likeness(blurred, real, known))
    far, near = (float(patch_likeness(x, real, known, torch.Generator().manual_seed(3))) for x in (blurred, moved))
    assert near < 0.7 * far  # not nought: patches are sampled


@pytest.mark.parametrize("marks", ["freckles", "blush"])
def test_what_is_faint_counts_over_a_strong_grain(marks: str):
    source = torch.Generator().manual_seed(5)
    real = torch.full((1, 6, 64, 64), 0.5)
    real[:, 3] = torch.rand(1, 64, 64, generator=source)
    plain = real.clone()
    if marks == "freckles":
        real[:, :3, 4::12, 4::12] -= 0.1
    else:
        real[:, 1:3] -= 0.02 * torch.sin(torch.arange(64) * 2.0 * torch.pi / 32.0)
    known = torch.ones(1, 3)
    far, near = (float(patch_likeness(x.roll((8, 16), (2, 3)), real, known, torch.Generator().manual_seed(3)))
                 for x in (plain, real))
    assert near < 0.7 * far


def test_what_a_real_set_lacks_is_not_judged():
    real, made_maps = torch.rand(1, 6, 64, 64), torch.rand(1, 6, 64, 64)
    made_maps[:, :3] = real[:, :3]
    assert float(likeness(made_maps, real, torch.zeros(1, 3))) == pytest.approx(0.0, abs=1e-6)
    assert float(likeness(made_maps, real, torch.ones(1, 3))) > 1e-3


def test_draws_of_a_class_come_where_its_pictures_are():
    mapping = Mapping(TextureShape(2, latent=2, style=4))
    mapping.middle[1] = torch.tensor([3.0, -1.0])
    wanted = torch.tensor([[0.5, 0.3], [0.3, 0.4]])
    mapping.root[1] = root_of(wanted)
    label = torch.tensor([[0.0, 1.0]]).expand(20_000, 2)
    latent = mapping.place(torch.randn(20_000, 2, generator=torch.Generator().manual_seed(4)), label)
    torch.testing.assert_close(latent.mean(dim=0), mapping.middle[1], atol=0.02, rtol=0.0)
    torch.testing.assert_close(torch.cov(latent.T), wanted, atol=0.02, rtol=0.0)


def test_the_relativistic_loss_is_least_where_own_scores_are_higher():
    low, high = torch.zeros(4), torch.full((4,), 3.0)
    assert float(against(low, low)) == pytest.approx(0.6931, abs=1e-4)
    assert float(against(low, high)) == pytest.approx(0.0486, abs=1e-4)


def _pack() -> SimpleNamespace:
    """What tiles_of asks of an image pack: nine flat pictures of three classes."""
    label = np.arange(9) % 3
    flat = np.broadcast_to(label[:, None, None, None], (9, 6, 128, 128)).astype(np.uint8)
    known = np.ones((9, 3), bool)
    pack = SimpleNamespace(label=label, known=known, tileable=known[:, 0], classes=("a", "b", "c"),
                           looks=dict.fromkeys("abc", SimpleNamespace(lattice=False)), pictures=lambda size: flat)
    pack.only = lambda split: pack
    return pack


def test_a_class_is_drawn_as_often_as_was_asked():
    tiles = tiles_of(_pack(), "train", {"b": 3.0, "c": 0.0})
    drawn = [draw(tiles, 16, 32, np.random.default_rng(seed)) for seed in range(20)]
    for batch in drawn:
        assert batch.label.sum(dim=0).tolist() == [4.0, 12.0, 0.0]
        assert torch.equal(batch.maps[:, 0, 0, 0] * 255.0, batch.label.argmax(dim=1).float())
    alike = tiles_of(_pack(), "train")
    plain = [draw(alike, 16, 32, np.random.default_rng(seed)).label.sum(dim=0) for seed in range(60)]
    assert torch.stack(plain).mean(dim=0).tolist() == pytest.approx([16 / 3] * 3, abs=0.3)


def test_a_class_that_is_not_there_cannot_be_drawn_more_often():
    with pytest.raises(GalateaError, match="--often d: the classes are a, b, c"):
        tiles_of(_pack(), "train", {"d": 2.0})
