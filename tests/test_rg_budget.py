"""The squared error of the linear backbone, split over scales, pixels and maps without a rest."""

import pytest
import torch
from test_rg_backbone import street

from road_clarity.models.errors import BadInput
from road_clarity.models.rg_backbone import RgBackbone
from road_clarity.safety.cause import Cause
from road_clarity.safety.explanation import explain
from road_clarity.safety.passage import coverage
from road_clarity.safety.rg_budget import frame_budget, object_budget

CHECKS = (16.0, 16.0, 32.0, 32.0)
ODD_BOX = torch.tensor([[9.0, 13.0, 30.5, 27.0]])  # cuts blocks of every scale


@pytest.fixture(scope="module")
def backbone() -> RgBackbone:
    net = RgBackbone(latents=32)
    net.fit(street(400))
    net.calm_latent.fit(net.encode(street(400))[0])
    return net.eval()


def checked_street(net: RgBackbone) -> torch.Tensor:
    """The mean street with green checks of single pixels: what the first scale drops of them."""
    x = net.decode(torch.zeros(1, 32))
    checks = torch.zeros(1, 3, 64, 64)
    rows, columns = torch.arange(16)[:, None], torch.arange(16)
    checks[:, 1, 16:32, 16:32] = (rows + columns) % 2 * 0.4 - 0.2
    scale = net.grainings()[0]
    return x + checks - (scale.decode(scale.encode(checks)) - scale.decode(scale.encode(0 * x)))


def inside_checks() -> torch.Tensor:
    return coverage(torch.tensor([CHECKS]), 64)[0]


def squared_error(net: RgBackbone, x: torch.Tensor) -> torch.Tensor:
    return (x - net.reconstruct(x))[0].square().sum(0)


@pytest.mark.claim("exact")
def test_the_parts_of_all_scales_are_the_squared_error_at_every_pixel(backbone):
    x = street(1, seed=3)
    maps = frame_budget(backbone, x).maps
    assert (maps.sum(0) - squared_error(backbone, x)).abs().max() < 1e-5


def test_over_the_whole_frame_each_part_is_what_that_scale_dropped(backbone):
    x = street(1, seed=3)
    budget = backbone.error_budget(x)
    dropped = torch.stack([part.sum() for part in (*budget.scales, budget.top)])
    parts = frame_budget(backbone, x).maps.sum((1, 2))
    assert (parts / dropped - 1).abs().max() < 1e-4


@pytest.mark.claim("exact")
def test_an_object_whose_border_cuts_blocks_has_its_error_split_exactly(backbone):
    x, inside = street(1, seed=3), coverage(ODD_BOX, 64)[0]
    found = object_budget(frame_budget(backbone, x), inside)
    error = float((squared_error(backbone, x) * inside).sum())
    assert float(found.parts.sum()) == pytest.approx(error, rel=1e-4)
    assert float(found.shares.sum()) == pytest.approx(1.0, abs=1e-5)


def test_the_maps_that_entered_a_step_share_what_it_lost(backbone):
    x, inside = street(1, seed=3), coverage(ODD_BOX, 64)[0]
    frame = frame_budget(backbone, x)
    found = object_budget(frame, inside)
    assert (found.steps[found.largest], found.maps_of) == ("latent", "encoder.4")
    assert found.map_shares.shape == (128,)
    assert float(found.map_shares.sum()) == pytest.approx(1.0, abs=1e-4)


def test_what_the_first_scale_has_no_mode_for_is_lost_there(backbone):
    found = object_budget(frame_budget(backbone, checked_street(backbone)), inside_checks())
    assert found.shares.tolist() == pytest.approx([1.0, 0.0, 0.0, 0.0, 0.0], abs=1e-3)
    assert (found.maps_of, len(found.map_shares)) == ("image", 3)


def test_an_explanation_names_the_scale_that_lost_most(backbone):
    found = explain(backbone, checked_street(backbone), [CHECKS], (64, 64)).regions[0]
    assert (found.cause, found.layer) == (Cause.RESOLUTION, "encoder.1")
    assert found.maps_of == "image"


def test_a_backbone_without_weights_has_no_budget():
    with pytest.raises(BadInput, match="fit it"):
        frame_budget(RgBackbone(), torch.rand(1, 3, 64, 64))
