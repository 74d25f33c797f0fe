"""Relevance of a prediction lies on what moved, and none of it gets lost on the way to pixels."""

import math

import pytest
import torch
from torch import nn

from road_clarity.models.encoder_relevance import pixel_relevance
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.latent_mdn import LatentMdn
from road_clarity.models.pca import Pca
from road_clarity.models.rg_backbone import RgBackbone
from road_clarity.models.vae import Vae
from road_clarity.safety.motion_taken_back import motion_taken_back, taken_back
from road_clarity.safety.own_motion import carried
from road_clarity.safety.prediction_relevance import (
    change_size,
    linked_to,
    object_links,
    prediction_relevance,
)
from road_clarity.safety.prediction_salience import motion_relevance, salience

D = 4


@pytest.fixture(scope="module")
def street() -> torch.Tensor:
    """A still street of soft patches, on which a bright vehicle drives to the right."""
    chance = torch.Generator().manual_seed(0)
    patches = torch.rand(1, 3, 16, 16, generator=chance)
    still = nn.functional.interpolate(patches, (64, 64), mode="bilinear")
    clip = 0.6 * still.repeat(8, 1, 1, 1)
    for t in range(8):
        clip[t, :, 30:38, 8 + 4 * t : 18 + 4 * t] = 1.0
    return clip.double()


@pytest.fixture(scope="module", params=[RgBackbone, Pca, Vae])
def code(request, street):
    torch.manual_seed(0)
    network = request.param(64, D).double().eval()
    if isinstance(network, RgBackbone):
        set_orthonormal(network)
    if isinstance(network, Pca):
        network.fit(torch.rand(40, 3, 64, 64).double())
    return network


def set_orthonormal(backbone: RgBackbone) -> None:
    """Modes of no street at all, but orthonormal as all modes are; fitting takes seconds."""
    for name, values in backbone.named_buffers():
        if name.endswith("filters"):
            values.copy_(torch.linalg.qr(torch.rand_like(values.flatten(1)).T).Q.T.view_as(values))
        if name == "top_modes":
            values.copy_(torch.linalg.qr(torch.rand_like(values)).Q)
        if name == "fast_modes":
            values.zero_()


@pytest.fixture(scope="module")
def memory() -> LatentLstm:
    torch.manual_seed(1)
    network = LatentLstm(D).double()
    nn.init.normal_(network.head.weight, std=0.3)
    network.calm_change.fit(torch.randn(100, D).double())
    return network.eval()


@torch.no_grad()
def test_what_a_latent_gained_is_divided_among_the_pixels_that_differ(code, street):
    after, before = street[4:5], street[3:4]
    weights = torch.tensor([[1.0, -2.0, 0.5, 0.0]]).double()
    pixels = pixel_relevance(code, after, before, weights[None])
    gained = (weights * (code.encode(after)[0] - code.encode(before)[0])).sum()
    assert (pixels.sum() - gained).abs() < 1e-6 * max(1.0, float(gained.abs()))
    assert (pixels[(after == before)[:, None]] == 0).all()


def test_no_relevance_is_lost_between_the_prediction_and_the_pixels(code, memory, street):
    found = prediction_relevance(code, memory, street, change_size(memory))
    told = found.maps.sum() + found.own_motion.sum() + found.rest
    assert (told - found.total).abs() < 1e-6 * max(1.0, float(found.total.abs()))
    assert found.shares.sum().item() == pytest.approx(1.0)


def test_the_relevance_of_a_still_viewer_lies_on_what_drives(code, memory, street):
    found = prediction_relevance(code, memory, street, change_size(memory))
    beside = found.maps[4].abs()
    moved = torch.zeros(64, 64, dtype=torch.bool)
    moved[28:40, 18:36] = True  # where the vehicle was, or now is
    assert beside[moved].sum() > 0.95 * beside.sum()
    assert salience(code, memory, street, window=4)[0].argmax() in moved.flatten().nonzero()


def test_what_the_motion_of_others_did_is_divided_among_pixels_without_loss(code, memory, street):
    found = motion_relevance(code, memory, street, window=5)
    lost = found.maps.sum((1, 2)) - found.sizes
    assert (lost.abs() < 1e-6 * found.sizes).all()
    assert found.maps.shape == (4, 64, 64)


def test_a_street_where_nothing_moves_asks_for_no_attention(code, memory, street):
    moving, still = street[:5], street[:1].repeat(5, 1, 1, 1)
    asked, nothing = (motion_relevance(code, memory, x, window=3).sizes for x in (moving, still))
    assert nothing.max() < 1e-4 * asked.min()


def test_motion_that_the_memory_takes_back_is_divided_among_pixels_without_loss(
    code, memory, street
):
    found = motion_taken_back(code, memory, street, window=5)
    lost = found.maps.sum((1, 2)) - found.amounts
    assert (lost.abs() < 1e-6 * found.amounts.abs().clamp_min(1.0)).all()
    assert found.maps.shape == (4, 64, 64)


def heard(sign: float, count: int) -> LatentLstm:
    """Expects every latent to move on (sign 1), or back towards 0 (-1), by what it now is."""
    network = LatentLstm(count).double()
    with torch.no_grad():
        for values in network.lstm.parameters():
            values.zero_()
        candidates = network.lstm.weight_ih_l0[2 * 256 : 3 * 256]
        candidates[:count] = 1e-3 * torch.eye(count)
        network.head.weight[:, :count] = sign * 100 * torch.eye(count)
    network.calm_change.fit(torch.randn(100, count).double())
    return network.eval()


def test_the_sign_says_whether_the_memory_takes_motion_back_or_carries_it_on(code, street):
    back, on = (motion_taken_back(code, heard(sign, D), street, 4).amounts for sign in (-1.0, 1.0))
    assert (back > 0).all() and (on < 0).all()


def test_a_memory_that_expects_no_change_takes_nothing_back(code, street):
    blank = LatentLstm(D).double()
    blank.calm_change.fit(torch.randn(100, D).double())
    assert taken_back(code, blank, street, window=4).abs().max() == 0.0


def test_turning_the_head_is_our_own_motion(street):
    scene = street[0]
    turned = torch.stack([scene, scene.roll(3, dims=2)])
    inside = (slice(None), slice(8, 56), slice(8, 56))
    unexplained = (carried(turned)[0] - turned[1])[inside].abs().mean()
    assert unexplained < 0.3 * (turned[0] - turned[1])[inside].abs().mean()


def test_a_memory_that_reads_one_latent_asks_for_its_picture_only(street):
    """The head hears latent 2 alone, so pixels are weighted as latent 2 reads them."""
    torch.manual_seed(0)
    code = Pca(64, D).double()
    code.fit(torch.rand(50, 3, 64, 64).double())
    memory = LatentLstm(D).double()
    with torch.no_grad():
        memory.lstm.weight_hh_l0.zero_()
        memory.lstm.weight_ih_l0[:, [0, 1, 3]] = 0.0
        nn.init.normal_(memory.head.weight)
    links = torch.ones(D).double()
    found = prediction_relevance(code, memory, street, linked_to(links))
    reader = code.latent_maps()[2] / code.latent_maps()[2].square().sum()
    shape = (reader * (street[5] - carried(street)[4])).sum(0)
    scale = found.maps[5].flatten() @ shape.flatten() / shape.square().sum()
    assert (found.maps[5] - scale * shape).abs().max() < 1e-9 * found.maps[5].abs().max()


def test_a_latent_belongs_to_an_object_by_the_share_of_its_picture_there():
    pictures = torch.zeros(2, 3, 4, 4)
    pictures[0, :, 0, 0], pictures[0, :, 3, 3], pictures[1, :, 3, 3] = 3.0, -1.0, 5.0
    mask = torch.zeros(4, 4)
    mask[0, 0] = 1.0
    assert object_links(pictures, mask).tolist() == [0.75, 0.0]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda clip: clip[:1], "needs 2"),
        (lambda clip: clip[:, :, :32, :32], "network sees"),
        (lambda clip: clip * math.nan, "no numbers"),
    ],
)
def test_a_clip_that_cannot_be_explained_is_named(code, memory, street, change, named):
    with pytest.raises(BadInput, match=named):
        prediction_relevance(code, memory, change(street), change_size(memory))


def test_a_memory_made_for_other_latents_is_named(code, street):
    with pytest.raises(BadInput, match="made for it"):
        salience(code, LatentLstm(D + 1).double(), street)


def test_a_memory_of_several_futures_has_no_single_answer_to_explain(code, street):
    with pytest.raises(BadInput, match="several futures"):
        salience(code, LatentMdn(D).double(), street)


def test_a_memory_that_does_not_know_calm_is_named(code, street):
    with pytest.raises(BadInput, match="calibrate"):
        salience(code, LatentLstm(D).double(), street)
