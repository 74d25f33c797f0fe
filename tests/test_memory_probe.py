"""What a readout of the memory is worth: nothing for noise, everything for what tells it."""

import pytest
import torch

from road_clarity.evaluation.memory_probe import told


def test_a_number_that_tells_is_read_out_and_noise_is_not():
    chance = torch.Generator().manual_seed(0)
    matters = torch.arange(400) % 2 == 0
    noise = torch.randn(400, 3, generator=chance)
    telling = torch.cat([noise, matters.float()[:, None]], dim=1)
    half = slice(0, 200), slice(200, 400)
    parts = [part for one in (telling, noise) for part in (one[half[0]], one[half[1]])]
    assert told(parts[0], parts[1], matters[half[0]], matters[half[1]]) == 1.0
    assert told(parts[2], parts[3], matters[half[0]], matters[half[1]]) == pytest.approx(
        0.5, abs=0.12
    )
