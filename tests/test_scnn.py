"""SCNN: messages go where the paper says, and the published network comes out of its state dict."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from road_clarity.models.efficientnet_lite import EfficientNetLite0, imagenet_trunk
from road_clarity.models.scnn import (
    MessagePassing,
    ScnnLite0,
    ScnnVgg16,
    SlicePass,
)


def slice_by_slice(x: Tensor, weight: Tensor, *, rows: bool, reverse: bool) -> Tensor:
    """The paper's formula, one number at a time in float64: X'_s = X_s + relu(K * X'_{s-1})."""
    y = x.double().clone() if rows else x.double().transpose(2, 3).clone()
    kernel = weight.double().squeeze(2 if rows else 3)  # (C', C, 9)
    order = range(y.shape[2])[::-1] if reverse else range(y.shape[2])
    for before, here in zip(order[:-1], order[1:], strict=True):
        padded = torch.nn.functional.pad(y[:, :, before], (4, 4))  # (B, C, W + 8)
        windows = padded.unfold(2, 9, 1)  # (B, C, W, 9)
        y[:, :, here] += torch.einsum("bcwk,dck->bdw", windows, kernel).relu()
    return y if rows else y.transpose(2, 3)


@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize("reverse", [True, False])
def test_a_pass_is_the_paper_s_formula(rows, reverse):
    torch.manual_seed(0)
    one = SlicePass(8, rows=rows, reverse=reverse)
    torch.nn.init.normal_(one.weight, std=0.1)
    x = torch.randn(2, 8, 12, 15)
    expected = slice_by_slice(x, one.weight, rows=rows, reverse=reverse)
    assert (one(x).double() - expected).abs().max() < 1e-5


def test_all_four_passes_follow_each_other():
    torch.manual_seed(0)
    passing = MessagePassing(16)
    x = torch.randn(1, 16, 36, 100)
    y = x
    for one, rows, reverse in (
        (passing.up_down, True, False),
        (passing.down_up, True, True),
        (passing.left_right, False, False),
        (passing.right_left, False, True),
    ):
        y = slice_by_slice(y, one.weight, rows=rows, reverse=reverse)
    assert (passing(x).double() - y).abs().max() < 1e-5


@pytest.mark.parametrize(
    ("reverse", "heard"), [(False, [False] * 3 + [True] * 3), (True, [True] * 4 + [False] * 2)]
)
def test_a_row_hears_only_from_the_side_messages_come_from(reverse, heard):
    torch.manual_seed(0)
    down = SlicePass(4, rows=True, reverse=reverse)
    x = torch.randn(1, 4, 6, 20)
    changed = x.index_add(2, torch.tensor([3]), torch.full((1, 4, 1, 20), 9.0))
    assert (down(x) != down(changed)).any(dim=1).any(dim=0).any(dim=1).tolist() == heard


def test_the_first_row_is_updated_on_the_way_up():
    up = SlicePass(4, rows=True, reverse=True)
    torch.nn.init.constant_(up.weight, 0.1)
    x = torch.ones(1, 4, 3, 20)
    assert (up(x)[:, :, 0] > 1.0).all()
    assert (up(x)[:, :, 2] == 1.0).all()


def test_messages_have_no_bias_and_begin_small():
    one = SlicePass(128, rows=True, reverse=False)
    assert one.bias is None
    assert one.weight.std().item() == pytest.approx(0.001647, rel=0.02)


def test_the_published_network_has_its_published_size():
    assert sum(p.numel() for p in ScnnVgg16().parameters()) == 20_742_217


def test_published_names_leave_the_place_of_the_removed_pooling_empty():
    keys = ScnnVgg16().state_dict()
    assert {"backbone.34.weight", "layer1.3.weight", "layer2.1.bias", "fc.2.bias"} <= keys.keys()
    assert keys["message_passing.left_right.weight"].shape == (128, 128, 9, 1)


def test_existence_lies_between_zero_and_one_for_every_lane():
    network = ScnnLite0((64, 96)).eval()
    maps = network(network.prepare(torch.zeros(2, 64, 96, 3, dtype=torch.uint8)))
    assert maps.logits.shape == (2, 5, 8, 12)
    assert maps.existence.shape == (2, 4)
    assert ((maps.existence > 0) & (maps.existence < 1)).all()


def test_colours_are_normalised_per_channel():
    network = ScnnLite0((64, 96))
    white = network.prepare(torch.full((1, 64, 96, 3), 255, dtype=torch.uint8))
    assert white[0, :, 0, 0].tolist() == pytest.approx([2.2489, 2.4286, 2.6400], abs=1e-4)


def test_the_trunk_takes_the_published_dict_and_leaves_the_rest():
    published = EfficientNetLite0().state_dict() | {"_fc.weight": torch.zeros(1000, 1280)}
    near, far = imagenet_trunk(published).eval()(torch.zeros(1, 3, 64, 96))
    assert near.shape == (1, 40, 8, 12)
    assert far.shape == (1, 112, 4, 6)
