"""The people whom stories are about: who crosses, darts out, hesitates, waits, or walks on."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from road_clarity.training.simulator.bodies import SIZES, Body
from road_clarity.training.simulator.driving import Behaviour, Parked
from road_clarity.training.simulator.street import PARKING_M, Street
from road_clarity.training.simulator.traffic import TINTS, person
from road_clarity.training.simulator.walking import FALTERS, Hold, Walker, lifelike, wait_s

AFTER_US_S = -1.2  # who lets our car pass crosses so long behind it [s]
KERBSIDE_M = 0.6  # from the kerb, where people wait
HURRY = 1.25  # who has hesitated goes on faster


def crosser(
    rng: np.random.Generator, street: Street, zebra: float, until_ego_s: float
) -> tuple[Body, Behaviour]:
    """Somebody who waits at a zebra crossing and crosses when our car is that far away [s].

    Some stop for a moment on the middle line."""
    side = a_side(rng)
    near, far = kerbs(street, side)
    s = zebra + float(rng.uniform(-1.0, 1.0))
    start, end = near + side * KERBSIDE_M, far - side * 2 * KERBSIDE_M
    on = s + float(rng.choice([-1, 1])) * 30.0
    body = replace(person(rng, s, start), model="adult", heading=-side * math.pi / 2)
    holds = {0: Hold(wait_s(rng), until_ego_s)}
    if rng.random() < FALTERS:
        holds[1] = Hold(float(rng.uniform(0.3, 1.0)))
    return body, Walker(((s, start), (s, 0.0), (s, end), (on, end)), lifelike(rng), holds)


def dart_out(
    rng: np.random.Generator, street: Street, place: float, until_ego_s: float, goes: bool = True
) -> tuple[tuple[Body, Parked], tuple[Body, Walker]]:
    """A parked van, and somebody hidden behind it who runs out in front of our car, or does not."""
    row = street.right_kerb + PARKING_M / 2
    length = SIZES["van"].length
    van = Body(0, "van", place - length / 2 - 0.6, row, tint=int(rng.integers(TINTS)))
    start = (place, street.right_kerb + 0.5)
    path = (start, (place + 0.4, street.left_kerb + 1.0), (place + 30.0, street.left_kerb + 1.0))
    pace = float(rng.uniform(1.9, 2.6))
    someone = replace(person(rng, *start), heading=math.pi / 2)
    style = lifelike(rng, pace)
    hold = Hold(until_ego_s=until_ego_s if goes else AFTER_US_S)
    return (van, Parked()), (someone, Walker(path, style, {0: hold}))


def comes_to_the_kerb(
    rng: np.random.Generator, street: Street, place: float, crosses: bool
) -> tuple[Body, Behaviour]:
    """Somebody comes along the pavement; sets foot on the road, stops short of our car's strip,
    then goes on or turns back and crosses behind us.  Or walks on along the pavement instead."""
    side, along = a_side(rng), float(rng.choice([-1, 1]))
    near, far = kerbs(street, side)
    style = lifelike(rng)
    way = style.pace * float(rng.uniform(1.5, 4.0))
    body = replace(
        person(rng, place - along * way, near + side * 1.4), heading=0.0 if along > 0 else math.pi
    )
    kerb, over = (place, near + side * KERBSIDE_M), (place, far - side * 2 * KERBSIDE_M)
    short = place, street.lane(street.lanes - 1) + side * float(rng.uniform(1.25, 2.2))
    starts = Hold(until_ego_s=float(rng.uniform(2.2, 3.6)))
    falters = Hold(pause_s=float(rng.uniform(0.4, 1.2)))
    goes_on = rng.random() < 0.5
    begin, turn = (body.s, body.d), (place, body.d)
    if not crosses:
        return body, Walker((begin, turn, (place + along * 60.0, body.d)), style)
    holds = {2: starts, 3: falters}
    if goes_on:
        return body, Walker((begin, turn, kerb, short, over), style, holds)
    holds[4] = Hold(until_ego_s=AFTER_US_S)
    return body, Walker((begin, turn, kerb, short, kerb, over), style, holds)


def a_side(rng: np.random.Generator) -> float:
    """1: the left side of the street, -1: the right one."""
    return 1.0 if rng.random() < 0.5 else -1.0


def kerbs(street: Street, side: float) -> tuple[float, float]:
    """d of the kerb on that side, and of the other."""
    both = street.left_kerb, street.right_kerb
    return both if side > 0 else both[::-1]
