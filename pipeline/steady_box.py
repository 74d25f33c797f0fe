"""Where a target's box is: what was seen of it, weighed against how it moved.

A detector's box errs from frame to frame, the target behind it moves evenly.  Two Kalman filters
(1960) with a speed that changes at random, one for where the middle is and one for how large the
box is, weigh the one against the other, as in SORT (Bewley et al. 2016, arXiv:1602.00763).  A box
counts the less the smaller the overlap that is expected of it (Du et al. 2023, arXiv:2202.13514).
Errors are told in heights of the box: what is near errs by more pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

from road_clarity.safety.scene import Box

SEEN = 0.06  # error of a box of which no overlap is expected [heights]
SUREST = 0.95  # overlap above which a box errs no less
PUSHED, GROWN = 0.8, 0.2  # change of speed of the middle and of the size [heights/s in a second]
SPEED = 0.6  # of a target of which nothing is known [heights/s]
LATEST_S = 1.0  # nobody moves on evenly for longer
Pair = tuple[float, float]


@dataclass(frozen=True)
class Course:
    """Two numbers that change together [px], their speed, and how sure they are.  s: heights."""

    value: Pair
    speed: Pair  # [px/s]
    doubt: tuple[float, float, float]  # variance of value, covariance, variance of speed

    def later(self, passed_s: float, push: float) -> Course:
        """Where they are after some time, if nobody looks."""
        a, b, c = self.doubt
        t, q = passed_s, push**2
        return Course(
            (self.value[0] + self.speed[0] * t, self.value[1] + self.speed[1] * t),
            self.speed,
            (a + 2 * b * t + c * t * t + q * t**3 / 3, b + c * t + q * t * t / 2, c + q * t),
        )

    def seen(self, value: Pair, error: float) -> Course:
        """error: standard deviation of what is seen [heights]"""
        a, b, c = self.doubt
        gain, pull = a / (a + error**2), b / (a + error**2)
        off = value[0] - self.value[0], value[1] - self.value[1]
        return Course(
            (self.value[0] + gain * off[0], self.value[1] + gain * off[1]),
            (self.speed[0] + pull * off[0], self.speed[1] + pull * off[1]),
            ((1 - gain) * a, (1 - gain) * b, c - pull * b),
        )


@dataclass(frozen=True)
class SteadyBox:
    """The courses of the middle and of the size (width, height)."""

    middle: Course
    size: Course

    @classmethod
    def begin(cls, box: Box, overlap: float) -> SteadyBox:
        """overlap: expected, 0..1"""
        middle, size = middle_and_size(box)
        doubt = (error(overlap) ** 2, 0.0, SPEED**2)
        return cls(Course(middle, (0.0, 0.0), doubt), Course(size, (0.0, 0.0), doubt))

    def later(self, passed_s: float) -> SteadyBox:
        t = min(max(passed_s, 0.0), LATEST_S)
        return SteadyBox(self.middle.later(t, PUSHED), self.size.later(t, GROWN))

    def seen(self, box: Box, overlap: float) -> SteadyBox:
        middle, size = middle_and_size(box)
        wrong = error(overlap)
        return SteadyBox(self.middle.seen(middle, wrong), self.size.seen(size, wrong))

    @property
    def box(self) -> Box:
        (x, y), (width, height) = self.middle.value, self.size.value
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def error(overlap: float) -> float:
    """Standard deviation of a box of which this overlap is expected [heights]."""
    return SEEN * (1.0 - min(overlap, SUREST))


def middle_and_size(box: Box) -> tuple[Pair, Pair]:
    x0, y0, x1, y1 = box
    return ((x0 + x1) / 2, (y0 + y1) / 2), (x1 - x0, y1 - y0)
