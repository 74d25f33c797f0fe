"""SCNN: the published sizes and names, and heads that say what they should."""

from __future__ import annotations

import pytest
import torch

from road_clarity.models.efficientnet_lite import EfficientNetLite0, imagenet_trunk
from road_clarity.models.scnn import ScnnLite0, ScnnVgg16


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
