"""A benchmark compares two ways to the same result."""

import torch

from road_clarity.evaluation.bench import straightforward
from road_clarity.models.scnn import MessagePassing


def test_the_loop_that_the_message_passing_is_measured_against_computes_the_same():
    torch.manual_seed(0)
    passing, x = MessagePassing(8), torch.randn(1, 8, 6, 10)
    assert torch.allclose(straightforward(passing, x), passing(x), atol=1e-6)
