"""Do the clips of a drive still look as if shuffled in with those of the calibration?

The Simple Jumper, a conformal test martingale (Vovk et al. 2021, Retrain or not retrain,
arXiv:2102.10439).  It bets on the p-values of the clips being too small, too large, or
neither, starts with capital 1, and while the clips are exchangeable the chance that the capital
ever reaches 1 / SIGNIFICANCE is at most SIGNIFICANCE (Ville's inequality).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

import numpy as np

SIGNIFICANCE = 0.01
JUMP = 0.01  # share of the capital that is laid anew on every bet before each clip
BETS = np.array([-1.0, 0.0, 1.0])  # the p-values are too small, uniform, too large


class Exchangeability:
    """Remembers all maxima, since every clip is compared with all before it: that makes the
    p-values of exchangeable clips independent, which those against a fixed set are not."""

    def __init__(self, maxima: Sequence[float], seed: int) -> None:
        """maxima: of the calibration clips      seed: of the lots that decide among equal ones"""
        self._seen = sorted(maxima)
        self._lots = np.random.default_rng(seed)
        self._capital = np.full(3, 1.0 / 3.0)
        self.clips = 0
        self.value = self.peak = 1.0

    def see(self, maximum: float) -> float:
        """The capital after a clip with this maximum [points]; inf: a fault."""
        p = self._p_value(maximum)
        insort(self._seen, maximum)
        self._capital = (1 - JUMP) * self._capital + JUMP * self.value / 3
        self._capital *= 1 + BETS * (p - 0.5)
        self.clips, self.value = self.clips + 1, float(self._capital.sum())
        self.peak = max(self.peak, self.value)
        return self.value

    @property
    def refuted(self) -> bool:
        """Once so, always so: only another calibration helps."""
        return self.peak >= 1 / SIGNIFICANCE

    def _p_value(self, maximum: float) -> float:
        """Among all clips so far; where some are equal, the lot says how many of them count."""
        above = len(self._seen) - bisect_right(self._seen, maximum)
        equal = 1 + bisect_right(self._seen, maximum) - bisect_left(self._seen, maximum)
        return float((above + self._lots.random() * equal) / (len(self._seen) + 1))
