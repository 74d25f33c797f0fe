"""Who is on the street and what happens: scenarios by name and seed.

Each function below is one scenario: from a random generator to a street with its road users.  The
story is fixed, its details (place, speeds, people, weather) come from the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from road_clarity.models.errors import BadInput
from road_clarity.training.simulator import pedestrians, traffic, walking
from road_clarity.training.simulator.bodies import Body, Moment
from road_clarity.training.simulator.driving import Behaviour, Driver
from road_clarity.training.simulator.street import LANE_M, Street

LONGEST_TICK_S = 0.05
EGO_ID = 0
LOOK_SHARES = {
    "day": 0.30, "overcast": 0.15, "haze": 0.10, "dusk": 0.15, "night": 0.10, "fog": 0.08,
    "rain": 0.12,
}  # fmt: skip
DARK_CLOTHES = 18  # an outfit that stands out against road and houses


@dataclass(frozen=True)
class Scenario:
    """Everything that is decided before the first frame."""

    street: Street
    driver: Driver
    speed: float  # of our car at the start [m/s]
    d: float  # where it starts across the street
    cast: tuple[tuple[Body, Behaviour], ...]
    look: str = "day"
    leading: int | None = None  # identity of the pedestrian whom the story is about
    watchful: bool = True  # whether this pedestrian looks for vehicles


def calm_drive(rng: np.random.Generator) -> Scenario:
    """A wide road out of town, everybody keeps to a lane and to the speed of the others."""
    lanes = int(rng.integers(2, 4))
    street = Street(
        lanes=lanes, oncoming=int(rng.integers(0, 3)) if lanes == 2 else 0,
        built_up=False, length_m=900.0,
        bend=float(rng.uniform(-0.0016, 0.0016)), bend_m=float(rng.uniform(200, 400)),
    )  # fmt: skip
    speed = float(rng.uniform(18, 26))
    d = street.lane(int(rng.integers(lanes)))
    cast = traffic.with_the_flow(rng, street, d, speed) + traffic.oncoming(rng, street, speed)
    return Scenario(street, steady(speed, d), speed, d, traffic.numbered(cast), a_look(rng))


def crossing(rng: np.random.Generator) -> Scenario:
    """People cross at a zebra crossing; our car sees them early and stops."""
    zebra = float(rng.uniform(45, 65))
    street = city(rng, crossings=(zebra,))
    speed = float(rng.uniform(9, 12))
    cast = traffic.city_life(rng, street, speed)
    leading = len(cast) + 1
    for _ in range(int(rng.integers(1, 4))):
        cast.append(pedestrians.crosser(rng, street, zebra, until_ego_s=float(rng.uniform(3.5, 5))))
    d = street.lane(street.lanes - 1)
    driver, look, watchful = steady(speed, d), a_look(rng), rng.random() < walking.LOOKS
    return Scenario(street, driver, speed, d, traffic.numbered(cast), look, leading, watchful)


def pedestrian_dart_out(rng: np.random.Generator, goes: bool = True) -> Scenario:
    """Somebody steps out from behind a parked van; our car brakes late, or never."""
    street = replace(city(rng), parking_right=True)
    speed = float(rng.uniform(10, 13))
    place = float(rng.uniform(55, 85))
    cast = traffic.city_life(rng, street, speed, keep_free=(place - 6, place + 4))
    cast = traffic.with_a_gap(cast, place)
    cast += pedestrians.dart_out(rng, street, place, float(rng.uniform(1.2, 1.9)), goes)
    d = street.lane(street.lanes - 1)
    asleep = rng.random() < 0.15
    late = {"foresight_s": float(rng.uniform(0, 0.9)),
            "reaction_s": 60.0 if asleep else float(rng.uniform(0.2, 0.6))}  # fmt: skip
    driver, look = steady(speed, d, **late), a_look(rng)
    return Scenario(street, driver, speed, d, traffic.numbered(cast), look, leading=len(cast))


def pedestrian_waits(rng: np.random.Generator) -> Scenario:
    """The same as pedestrian_dart_out, but whoever is behind the van lets our car pass."""
    return pedestrian_dart_out(rng, goes=False)


def pedestrian_hesitates(rng: np.random.Generator, crosses: bool = True) -> Scenario:
    """Somebody steps on the road, stops, goes on or turns back; our car brakes, or does not."""
    street = city(rng)
    speed = float(rng.uniform(8, 12))
    place = speed * float(rng.uniform(4.5, 6.5))
    cast = traffic.city_life(rng, street, speed, keep_free=(place - 8, place + 3))
    cast = traffic.with_a_gap(cast, place)
    cast.append(pedestrians.comes_to_the_kerb(rng, street, place, crosses))
    d = street.lane(street.lanes - 1)
    asleep, late = rng.random() < 0.15, rng.random() < 0.4
    attention = {"foresight_s": float(rng.uniform(0, 0.9)) if late else 2.5,
                 "reaction_s": 60.0 if asleep else float(rng.uniform(0.1, 0.5))}  # fmt: skip
    driver, look = steady(speed, d, **attention), a_look(rng)
    return Scenario(street, driver, speed, d, traffic.numbered(cast), look, leading=len(cast))


def pedestrian_walks_on(rng: np.random.Generator) -> Scenario:
    """The same as pedestrian_hesitates, but whoever comes along stays on the pavement."""
    return pedestrian_hesitates(rng, crosses=False)


def parked_street(rng: np.random.Generator) -> Scenario:
    """A narrow street with parked vehicles on both sides and people on the pavements."""
    street = replace(city(rng), lanes=1, oncoming=1, parking_left=True, parking_right=True)
    speed = float(rng.uniform(7, 10))
    cast = traffic.city_life(rng, street, speed, parked_share=0.85)
    d = street.lane(0)
    return Scenario(street, steady(speed, d), speed, d, traffic.numbered(cast), a_look(rng))


def lead_vehicle_brakes(rng: np.random.Generator) -> Scenario:
    """The vehicle ahead brakes to a stop; our car reacts after a while."""
    street = city(rng)
    speed = float(rng.uniform(10, 13))
    d = street.lane(street.lanes - 1)
    when = float(rng.uniform(3, 5))
    cast = traffic.city_life(rng, street, speed)
    leader = traffic.vehicle(rng, s=float(rng.uniform(18, 24)), d=d, speed=speed)
    stops = Driver(((0, speed), (when, speed), (when + 1.2, 0.0), (when + 5, 0.0),
                    (when + 8, speed)), ((0, d),), hardest=6.5)  # fmt: skip
    cast.append((leader, stops))
    driver = steady(speed, d, reaction_s=float(rng.uniform(0.0, 0.4)))
    return Scenario(street, driver, speed, d, traffic.numbered(cast), a_look(rng))


def lane_drift(rng: np.random.Generator) -> Scenario:
    """Our car drifts out of its lane, and comes back late."""
    street = Street(
        lanes=2, oncoming=int(rng.integers(0, 2)), built_up=False, length_m=800.0,
        bend=float(rng.uniform(-0.001, 0.001)),
    )  # fmt: skip
    speed = float(rng.uniform(16, 22))
    d, when = street.lane(1), float(rng.uniform(3, 5))
    aside = d + float(rng.choice([-0.55, 0.6])) * LANE_M
    course = ((0, d), (when, d), (when + 2.5, aside), (when + 3.5, aside), (when + 5.5, d))
    cast = traffic.with_the_flow(rng, street, d, speed) + traffic.oncoming(rng, street, speed)
    driver = Driver(((0, speed),), course)
    return Scenario(street, driver, speed, d, traffic.numbered(cast), a_look(rng))


def demo(rng: np.random.Generator) -> Scenario:
    """The clip of `make demo`: a calm street, then a car ahead, then somebody steps out."""
    street = Street(lanes=1, oncoming=1, parking_left=True, parking_right=True, crossings=(36.0,))
    speed, d, place = 9.5, street.lane(0), 88.0
    cast = traffic.city_life(
        rng, street, speed, keep_free=(place - 7, place + 5), style=walking.march
    )
    leader = replace(traffic.vehicle(rng, s=34.0, d=d, speed=8.0), model="hatchback", tint=2)
    slows = Driver(((0, 8.0), (2.5, 8.0), (4.5, 4.5), (6, 4.5), (8.5, 14.0)), ((0, d),))
    cast.append((leader, slows))
    van, (someone, runs) = pedestrians.dart_out(rng, street, place, until_ego_s=2.1)
    even = replace(runs, style=walking.Style(runs.style.pace))
    cast += [van, (replace(someone, tint=DARK_CLOTHES), even)]
    driver = steady(speed, d, foresight_s=0.0, reaction_s=0.35)
    return Scenario(street, driver, speed, d, traffic.numbered(cast), leading=len(cast))


SCENARIOS: dict[str, Callable[[np.random.Generator], Scenario]] = {
    story.__name__: story
    for story in (
        calm_drive, crossing, pedestrian_dart_out, pedestrian_waits, pedestrian_hesitates,
        pedestrian_walks_on, parked_street, lead_vehicle_brakes, lane_drift, demo,
    )
}  # fmt: skip

# With the same seed, the same street, people and weather; only what the pedestrian does differs.
CALM_TWIN = {
    "pedestrian_dart_out": "pedestrian_waits",
    "pedestrian_hesitates": "pedestrian_walks_on",
}


def compose(name: str, seed: int) -> Scenario:
    """The scenario of that name.  Raises BadInput when there is none."""
    if name not in SCENARIOS:
        raise BadInput("scenario", name, f"choose one of {', '.join(SCENARIOS)}")
    return SCENARIOS[name](np.random.default_rng(seed))


def city(rng: np.random.Generator, crossings: tuple[float, ...] = ()) -> Street:
    """A street between houses: one or two lanes each way, straight or slightly bent."""
    lanes = int(rng.integers(1, 3))
    return Street(
        lanes=lanes,
        oncoming=lanes,
        parking_left=bool(rng.random() < 0.6),
        parking_right=bool(rng.random() < 0.6),
        pavement_m=float(rng.uniform(2.5, 4.5)),
        bend=float(rng.choice([0.0, 0.0, 0.001, -0.001])),
        crossings=crossings,
    )


def steady(speed: float, d: float, **how: float) -> Driver:
    """A driver who wants one speed and one place across the street."""
    return Driver(((0, speed),), ((0, d),), **how)


def a_look(rng: np.random.Generator) -> str:
    """Weather and time of day."""
    return str(rng.choice(list(LOOK_SHARES), p=list(LOOK_SHARES.values())))


def moments(scenario: Scenario, fps: float) -> Iterator[Moment]:
    """The story, one moment per frame, without an end.  Ticks are equal parts of a frame."""
    ticks = int(np.ceil(1 / fps / LONGEST_TICK_S))
    dt = 1 / fps / ticks
    ego = Body(EGO_ID, "saloon", s=0.0, d=scenario.d, speed=scenario.speed)
    bodies = tuple(body for body, _ in scenario.cast)
    tick = 0
    while True:
        moment = Moment(tick * dt, ego, bodies)
        if tick % ticks == 0:
            yield moment
        ego = scenario.driver.step(ego, moment, dt)
        bodies = tuple(
            behaviour.step(body, moment, dt)
            for body, (_, behaviour) in zip(bodies, scenario.cast, strict=True)
        )
        tick += 1
