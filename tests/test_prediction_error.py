"""Why a frame is not what was predicted.  The network has two lamps, left and right."""

import pytest
import torch
from tiny_world import tiny_vae
from torch import nn

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.safety.prediction_error import carriers, predicted_regions

WIDE = (8, 8)  # (width, height) of the source image, twice as large as what the network sees [px]
LEFT, RIGHT = (0.0, 0.0, 4.0, 8.0), (4.0, 0.0, 8.0, 8.0)
HALF = torch.tensor([1.0, 1.0, 0.0, 0.0]).expand(3, 4, 4)


class Lamps(Autoencoder):
    """Latent 0 is the mean brightness of the left half, latent 1 that of the right half."""

    def __init__(self):
        super().__init__(side=4, latents=2)
        self.anything = nn.Parameter(torch.ones(1))

    def encode(self, x):
        mu = torch.stack([x[..., :2].mean((1, 2, 3)), x[..., 2:].mean((1, 2, 3))], dim=1)
        return mu, torch.zeros_like(mu)

    def decode(self, z):
        return z[:, None, None, :].expand(-1, 3, 4, -1).repeat_interleave(2, dim=3)


def lit(left, right):
    """A frame of two halves: (1, 3, 4, 4)"""
    return torch.tensor([left, left, right, right]).expand(1, 3, 4, 4).clone()


def stripes():
    """Left half of light and dark rows, 0.3 around the mean, which no latent tells."""
    frame = lit(0.5, 0.5)
    frame[..., :2] += torch.tensor([0.3, -0.3, 0.3, -0.3])[:, None]
    return frame


def asked(*clip, boxes=(LEFT, RIGHT)):
    """A memory that was never trained expects that nothing changes."""
    net, memory = Lamps(), LatentLstm(2)
    mu = net.encode(torch.cat(clip))[0]
    return predicted_regions(net, memory, clip[-1], mu, list(boxes), WIDE)


def test_a_lamp_that_goes_on_is_what_the_memory_did_not_foresee():
    left, right = asked(lit(0.25, 0.25), lit(0.25, 0.25), lit(0.75, 0.25))
    assert (left.error_share, right.error_share) == (pytest.approx(1.0), 0.0)
    assert left.unforeseen == pytest.approx(1.0)
    assert [(one.channel, one.share) for one in left.latents] == [(0, pytest.approx(1.0)), (1, 0.0)]


def test_a_pattern_that_is_never_drawn_was_foreseen():
    left, _ = asked(stripes(), stripes(), stripes())
    assert (left.error_share, left.unforeseen) == (pytest.approx(1.0), pytest.approx(0.0))
    assert left.latents == ()


def test_both_at_once_are_told_apart_by_their_squares():
    before, now = stripes(), stripes()
    now[..., :2] += 0.1  # not foreseen: 0.1 squared, beside 0.3 squared that is never drawn
    left, _ = asked(before, before, now)
    assert left.unforeseen == pytest.approx(0.01 / 0.10, rel=1e-4)


def test_the_error_shares_of_two_halves_add_up_to_one():
    left, right = asked(lit(0.2, 0.2), lit(0.2, 0.2), lit(0.5, 0.6))
    assert left.error_share == pytest.approx(9 / 25)  # 0.3 and 0.4 squared
    assert right.error_share == pytest.approx(16 / 25)
    assert left.times_worse == pytest.approx(9 / 16)


def test_nothing_changes_and_nothing_is_wrong():
    left, right = asked(lit(0.25, 0.5), lit(0.25, 0.5))
    assert (left.error_share, left.unexplained, left.unforeseen) == (0.0, 0.0, 0.0)
    assert right.latents == ()


class Product(Lamps):
    """Both latents together light the left half."""

    def decode(self, z):
        return super().decode(torch.stack([z[:, 0] * z[:, 1], 0 * z[:, 1]], dim=1))


@pytest.mark.claim("exact")
def test_what_two_latents_draw_together_is_divided_without_a_rest():
    found = carriers(Product(), torch.tensor([1.0, 1.0]), torch.tensor([2.0, 3.0]), HALF)
    # From 1 x 1 to 2 x 3 are 5: (2 - 1) x 2 of latent 0 and (3 - 1) x 1.5 of latent 1.
    assert [one.channel for one in found] == [1, 0]
    assert [one.share for one in found] == pytest.approx([0.6, 0.4])


def test_the_shares_of_a_curved_decoder_add_up_to_one_as_well():
    expected, seen = torch.zeros(4), torch.tensor([1.0, -2.0, 0.5, 3.0])
    found = carriers(tiny_vae(), expected, seen, torch.rand(3, 16, 16))
    assert sum(one.share for one in found) == pytest.approx(1.0, rel=1e-5)
    assert found[0].share == max(one.share for one in found)


def test_one_step_alone_was_not_predicted():
    with pytest.raises(BadInput, match="latents of 1 steps"):
        asked(lit(0.2, 0.2))


def test_a_step_that_is_no_number_is_refused():
    net = Lamps()
    mu = torch.tensor([[0.2, 0.2], [float("nan"), 0.2]])
    with pytest.raises(BadInput, match="no numbers"):
        predicted_regions(net, LatentLstm(2), lit(0.2, 0.2), mu, [LEFT], WIDE)
