"""What can be on a street besides the street: sizes, where it is, and how it moves right now."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Size:
    length: float  # [m]
    width: float
    height: float


VEHICLES = {
    "hatchback": Size(4.0, 1.76, 1.50),
    "saloon": Size(4.7, 1.84, 1.45),
    "suv": Size(4.6, 1.90, 1.68),
    "van": Size(5.2, 2.00, 2.30),
    "truck": Size(8.0, 2.45, 3.30),
    "bus": Size(11.5, 2.55, 3.10),
}
PEOPLE = {"adult": Size(0.5, 0.55, 1.75), "child": Size(0.4, 0.45, 1.30)}
CYCLISTS = {"cyclist": Size(1.75, 0.60, 1.75)}
SIZES = VEHICLES | PEOPLE | CYCLISTS


@dataclass(frozen=True)
class Body:
    """One road user in street coordinates; (s, d) is the middle of its footprint."""

    id: int
    model: str  # a key of SIZES
    s: float
    d: float
    heading: float = 0.0  # [rad] against the street; pi drives towards us
    speed: float = 0.0  # [m/s]
    acceleration: float = 0.0  # [m/s2]
    travelled: float = 0.0  # [m], turns wheels and swings legs
    tint: int = 0  # picks colours and clothes

    @property
    def size(self) -> Size:
        return SIZES[self.model]

    @property
    def label(self) -> str:
        """As trackers say it: 'person' (also on a bicycle) or 'vehicle'."""
        return "vehicle" if self.model in VEHICLES else "person"

    @cached_property
    def velocity(self) -> tuple[float, float]:
        """Along and across the street [m/s]."""
        return self.speed * math.cos(self.heading), self.speed * math.sin(self.heading)

    @cached_property
    def reach(self) -> tuple[float, float]:
        """Half of its extent along and across the street [m]."""
        cos, sin = abs(math.cos(self.heading)), abs(math.sin(self.heading))
        length, width = self.size.length / 2, self.size.width / 2
        return cos * length + sin * width, sin * length + cos * width


@dataclass(frozen=True)
class Moment:
    """Everything that moves, at one time."""

    time_s: float
    ego: Body
    others: tuple[Body, ...]
