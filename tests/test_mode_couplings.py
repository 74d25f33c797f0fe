"""Fast modes follow products of slow ones, as far as clips that were left out agree."""

import math

import pytest
import torch

from road_clarity.models.mode_couplings import fit_couplings, product_slopes, products


def test_the_products_of_two_latents_are_three():
    assert products(torch.tensor([[2.0, -0.5]])).tolist() == [[4.0, -1.0, 0.25]]


def test_beyond_three_deviations_a_product_grows_no_more():
    far, edge = torch.tensor([[50.0, -0.5]]), torch.tensor([[3.0, -0.5]])
    assert torch.equal(products(far), products(edge))
    assert product_slopes(far[0])[0].tolist() == [0.0, 0.0, 0.0]


def test_the_slopes_of_the_products_are_their_derivatives():
    assert product_slopes(torch.tensor([2.0, -0.5])).tolist() == [[4.0, -0.5, 0.0], [0.0, 2, -1.0]]


def test_a_mode_that_is_a_product_is_found():
    torch.manual_seed(0)
    z = torch.randn(2000, 2).clamp(-3, 3)
    fast = torch.stack([0.5 * z[:, 0] * z[:, 1] + 1, -(z[:, 1] ** 2)], 1).double()
    found = fit_couplings(z, fast, torch.arange(2000) // 20)
    assert found.strength == 0.1  # no noise: the weakest ridge does best
    assert found.weights.flatten().tolist() == pytest.approx([0, 0.5, 0, 0, 0, -1], abs=0.1)
    assert found.offset.tolist() == pytest.approx([1.0, 0.0], abs=0.1)


def test_what_left_out_clips_do_not_show_is_not_followed():
    """The mode has one value per clip, which the latents of other clips say nothing about."""
    torch.manual_seed(0)
    z, clips = torch.randn(20, 6).repeat_interleave(10, 0), torch.arange(20).repeat_interleave(10)
    fast = torch.randn(20, 1).repeat_interleave(10, 0).double()
    found = fit_couplings(z, fast, clips)
    assert found.strength == math.inf
    assert not found.weights.any()


def test_a_clip_four_times_as_long_counts_twice():
    z = torch.zeros(7, 2)  # nothing to follow: what remains is the mean
    fast = torch.tensor([3.0, 3.0, 3.0, 3.0, 0.0, 0.0, 0.0]).double()[:, None]
    found = fit_couplings(z, fast, torch.tensor([0, 0, 0, 0, 1, 2, 3]))
    assert found.offset.tolist() == pytest.approx([2 * 3.0 / 5])


def test_one_clip_alone_tells_nothing_of_others():
    z = torch.randn(30, 2)
    found = fit_couplings(z, z[:, :1].double() ** 2, torch.zeros(30, dtype=torch.long))
    assert found.strength == math.inf
