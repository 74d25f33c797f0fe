"""Energy and entropy of logits, and features pooled over the picture."""

import math

import pytest
import torch

from road_clarity.safety.pooled_features import pooled
from road_clarity.safety.segmentation_doubt import MAP, doubt, energy_map


def test_classes_that_are_all_alike_are_the_greatest_doubt():
    energy, high, entropy, high_entropy, certainty = doubt(torch.zeros(1, 11, 8, 8)).facts[0]
    assert [float(energy), float(high)] == pytest.approx([-math.log(11)] * 2)
    assert [float(entropy), float(high_entropy)] == pytest.approx([math.log(11)] * 2)
    assert float(certainty) == pytest.approx(1 / 11)


def test_a_class_that_is_sure_has_low_energy_and_no_entropy():
    logits = torch.zeros(1, 11, 8, 8)
    logits[:, 3] = 50.0
    energy, _, entropy, _, certainty = doubt(logits).facts[0]
    assert float(energy) == pytest.approx(-50.0)
    assert float(entropy) == pytest.approx(0.0, abs=1e-6)
    assert float(certainty) == pytest.approx(1.0)


def test_the_map_is_high_where_no_class_speaks_up():
    logits = torch.zeros(1, 2, 32, 64)
    logits[:, 0, :16] = 9.0
    energy = doubt(logits).energy[0]
    assert tuple(energy.shape) == MAP
    assert float(energy[0, 0]) < -8.9
    assert float(energy[-1, 0]) == pytest.approx(-math.log(2))
    assert float(energy_map(logits)[0, -1, 0]) == pytest.approx(-math.log(2))


def test_a_channel_is_pooled_to_its_mean_and_spread():
    features = torch.tensor([[[[1.0, 3.0], [1.0, 3.0]], [[2.0, 2.0], [2.0, 2.0]]]])
    mean_0, mean_1, spread_0, spread_1 = pooled(features)[0].tolist()
    assert (mean_0, mean_1, spread_1) == (2.0, 2.0, 0.0)
    assert spread_0 == pytest.approx(math.sqrt(4 / 3))
