"""A setting out of its range is refused with its name and value, nan included."""

import math

import pytest

from road_clarity.models.errors import BadInput
from road_clarity.safety.config import SafetyConfig


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan, math.inf])
def test_a_threshold_outside_its_range_is_refused(bad):
    with pytest.raises(BadInput, match=r"high .*: must be in \[0.0, 1.0\]"):
        SafetyConfig(high=bad)
