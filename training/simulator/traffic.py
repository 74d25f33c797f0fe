"""The cast of a scenario: parked vehicles, other drivers, people on the pavements."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from road_clarity.training.simulator.bodies import Body
from road_clarity.training.simulator.driving import Behaviour, Driver, Parked
from road_clarity.training.simulator.street import PARKING_M, Street
from road_clarity.training.simulator.walking import Style, Walker, lifelike

Cast = list[tuple[Body, Behaviour]]
COMMON = ("hatchback", "hatchback", "saloon", "saloon", "suv", "suv", "van")
TINTS = 1000
GAP_M = 0.8  # between parked vehicles, for people to walk through


def numbered(cast: Cast) -> tuple[tuple[Body, Behaviour], ...]:
    """Identities 1.. in the order of the cast."""
    return tuple(
        (replace(body, id=number), how) for number, (body, how) in enumerate(cast, start=1)
    )


def vehicle(
    rng: np.random.Generator, s: float, d: float, speed: float = 0.0, heading: float = 0.0,
    models: tuple[str, ...] = COMMON,
) -> Body:  # fmt: skip
    """A vehicle of some model and colour."""
    return Body(0, str(rng.choice(models)), s, d, heading, speed, tint=int(rng.integers(TINTS)))


def person(rng: np.random.Generator, s: float, d: float) -> Body:
    """An adult, sometimes a child."""
    model = "child" if rng.random() < 0.12 else "adult"
    heading = float(rng.uniform(-math.pi, math.pi))
    return Body(0, model, s, d, heading, tint=int(rng.integers(TINTS)))


def city_life(
    rng: np.random.Generator, street: Street, speed: float, keep_free: tuple[float, float] = (0, 0),
    parked_share: float = 0.6, style: Callable[[np.random.Generator], Style] = lifelike,
) -> Cast:  # fmt: skip
    """What a city street is full of: parked and driving vehicles, cyclists, people."""
    cast = parked(rng, street, keep_free, parked_share)
    cast += oncoming(rng, street, speed)
    if street.lanes > 1:
        cast += with_the_flow(rng, street, street.lane(street.lanes - 1), speed)
    cast += on_the_pavements(rng, street, int(rng.integers(14, 24)), style)
    if rng.random() < 0.5:
        cast.append(cyclist(rng, street))
    return cast


def parked(
    rng: np.random.Generator, street: Street, keep_free: tuple[float, float], share: float
) -> Cast:
    """Rows of vehicles along the kerbs, none on or right before a crossing."""
    cast: Cast = []
    for side, used in ((1, street.parking_left), (-1, street.parking_right)):
        kerb = street.left_kerb if side > 0 else street.right_kerb
        s = -8.0 + float(rng.uniform(0, 4))
        while used and s < 240.0:
            body = vehicle(
                rng, s, kerb - side * PARKING_M / 2, heading=0.0 if side < 0 else math.pi
            )
            body = replace(body, d=body.d + float(rng.uniform(-0.08, 0.08)))
            free = side > 0 or not keep_free[0] < s < keep_free[1]
            if free and rng.random() < share and not near_crossing(street, s, 8.0):
                cast.append((body, Parked()))
            s += body.size.length + float(rng.uniform(0.9, 2.4))
    return cast


def with_a_gap(cast: Cast, s: float) -> Cast:
    """Without the parked vehicles that stand in the way of somebody who crosses there."""
    return [
        (body, how)
        for body, how in cast
        if not (isinstance(how, Parked) and abs(body.s - s) < body.reach[0] + GAP_M)
    ]


def near_crossing(street: Street, s: float, metres: float) -> bool:
    """Whether a zebra crossing is that near."""
    return any(abs(s - zebra) < metres for zebra in street.crossings)


def oncoming(rng: np.random.Generator, street: Street, speed: float) -> Cast:
    """Vehicles that come towards us."""
    cast: Cast = []
    for lane in range(1, street.oncoming + 1):
        s = float(rng.uniform(25, 80))
        while s < min(street.length_m, 500.0):
            body = vehicle(rng, s, street.lane(-lane), speed, math.pi, (*COMMON, "bus", "truck"))
            pace = speed * float(rng.uniform(0.9, 1.05))
            cast.append((body, Driver(((0, pace),), ((0, body.d),))))
            s += float(rng.uniform(2.0, 7.0)) * speed + 8
    return cast


def with_the_flow(rng: np.random.Generator, street: Street, ours: float, speed: float) -> Cast:
    """Vehicles that go our way: in the other lanes, and well ahead in ours."""
    cast: Cast = []
    for lane in range(street.lanes):
        d = street.lane(lane)
        s = float(rng.uniform(30, 60)) if abs(d - ours) < 1 else float(rng.uniform(-20, 30))
        while s < 250.0:
            body = vehicle(rng, s, d, speed, models=(*COMMON, "truck"))
            pace = speed * (float(rng.uniform(0.96, 1.1)) + (0.06 if d > ours else 0.0))
            cast.append((body, Driver(((0, pace),), ((0, d),))))
            s += float(rng.uniform(1.8, 5.0)) * speed + 8
    return cast


def on_the_pavements(
    rng: np.random.Generator, street: Street, count: int,
    style: Callable[[np.random.Generator], Style],
) -> Cast:  # fmt: skip
    """People who walk along, and some who stand."""
    cast: Cast = []
    for _ in range(count):
        left = rng.random() < 0.5
        kerb = street.left_kerb if left else street.right_kerb
        off = float(rng.uniform(0.8, street.pavement_m - 0.4)) * (1 if left else -1)
        s = float(rng.uniform(2, 130))
        body = person(rng, s, kerb + off)
        if rng.random() < 0.2:
            cast.append((body, Parked()))
            continue
        way = float(rng.choice([-1, 1])) * 60.0
        cast.append((body, Walker(((s, body.d), (s + way, body.d)), style(rng))))
    return cast


def cyclist(rng: np.random.Generator, street: Street) -> tuple[Body, Behaviour]:
    """Somebody on a bicycle on the other side of the street, coming towards us."""
    d = street.oncoming * 3.5 - 0.6
    body = Body(
        0, "cyclist", float(rng.uniform(30, 110)), d, math.pi, 4.5, tint=int(rng.integers(TINTS))
    )
    return body, Driver(((0, 4.5),), ((0, d),))
