"""Through whose eyes a scenario is filmed: behind the windscreen, or a pedestrian's.

The pedestrian is the scenario's leading one, who crosses or steps out.  The eyes look along the
way; at the kerb, about to cross, and on the road while a vehicle is near, they watch whoever comes
first; a few people never do (walking.LOOKS).  A head turns smoothly and not farther than the neck
lets it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from road_clarity.models.errors import BadInput
from road_clarity.training.simulator.bodies import VEHICLES, Body, Moment
from road_clarity.training.simulator.camera import Camera
from road_clarity.training.simulator.people import STRIDE_M
from road_clarity.training.simulator.scenario import SCENARIOS, Scenario, compose
from road_clarity.training.simulator.street import Street

VIEWS = ("car", "pedestrian")
OUR_CAR = 120  # identity of our car in the pictures of a pedestrian; the cast is smaller

EYE_M = 1.4  # camera above the road
EYE_AHEAD_M = 0.5  # before the middle of the car, behind the windscreen
PITCH = math.radians(-1.5)
NOD = math.radians(0.22)  # pitch per m/s2: a braking car bows

EYE_SHARE = 0.93  # height of the eyes over that of the figure
FACE_M = 0.1  # eyes before the middle of the footprint
DOWNCAST = math.radians(-3.0)
PEDESTRIAN_FOV_DEG = 80.0
NECK = math.radians(80.0)  # farthest turn of the head against the body
TURNING_S = 0.25  # time constant of a turn of the head
BOB_M = 0.012  # rise and fall of a walking head, twice a stride
KERBSIDE_M = 1.5  # from the kerb, within which somebody is about to cross
NEAR_S = 2.5  # a vehicle that arrives within this is watched from the road
COMING_M, COMING_MPS = 90.0, 1.0  # who counts as coming: at most so far, at least so fast
DWELL_S = 0.8  # eyes stay this long on one vehicle


@dataclass(frozen=True)
class Sight:
    """What a viewer has before the eyes at one moment."""

    camera: Camera
    viewer: Body
    bodies: tuple[Body, ...]  # that can be seen
    at_risk: tuple[Body, ...]  # whom our car must not hit


View = Callable[[Moment], Sight]


def view_of(name: str, scenario: Scenario, size: tuple[int, int], fps: float) -> View:
    """The view of that name; call it with every moment of the story, in order."""
    if name not in VIEWS:
        raise BadInput("view", name, f"choose one of {', '.join(VIEWS)}")
    if name == "car":
        return lambda moment: from_the_car(scenario.street, moment, size)
    if scenario.leading is None:
        known = ", ".join(story for story in SCENARIOS if compose(story, 0).leading is not None)
        raise BadInput("view", name, f"no pedestrian leads this scenario; choose one of {known}")
    return PedestrianEyes(scenario.street, scenario.leading, size, 1 / fps, scenario.watchful)


def from_the_car(street: Street, moment: Moment, size: tuple[int, int]) -> Sight:
    """The camera behind the windscreen."""
    ego = moment.ego
    pitch = PITCH + NOD * max(min(ego.acceleration, 3.0), -8.0)
    camera = Camera(size, *in_the_world(street, ego, EYE_AHEAD_M, EYE_M), pitch)
    return Sight(camera, ego, moment.others, moment.others)


def in_the_world(
    street: Street, body: Body, ahead_m: float, high_m: float
) -> tuple[tuple[float, float, float], float]:
    """(position, yaw) of a point before the middle of a body."""
    x, y = street.world(body.s, body.d).tolist()
    yaw = float(street.heading(body.s)) + body.heading
    return (x + ahead_m * math.cos(yaw), y + ahead_m * math.sin(yaw), high_m), yaw


class PedestrianEyes:
    """The view of the road user `leading`, and what these eyes are turned to."""

    def __init__(
        self, street: Street, leading: int, size: tuple[int, int], dt: float, watchful: bool = True
    ) -> None:
        self._street, self._leading, self._size, self._dt = street, leading, size, dt
        self._watchful = watchful
        self._gaze: float | None = None  # [rad] in street coordinates
        self._watched: int | None = None
        self._until_s = 0.0  # the watched one is kept until then

    def __call__(self, moment: Moment) -> Sight:
        me = next(body for body in moment.others if body.id == self._leading)
        car = replace(moment.ego, id=OUR_CAR)
        bodies = (*(body for body in moment.others if body is not me), car)
        self._turn(self._wanted(me, bodies, moment.time_s))
        (x, y, _), _ = in_the_world(self._street, me, FACE_M, 0.0)
        yaw = float(self._street.heading(me.s)) + float(self._gaze or 0.0)
        camera = Camera(
            self._size, (x, y, eye_height_m(me)), yaw, DOWNCAST, fov_deg=PEDESTRIAN_FOV_DEG
        )
        people = tuple(body for body in moment.others if body.label == "person")
        return Sight(camera, me, bodies, people)

    def _turn(self, wanted: float) -> None:
        """One step of the head towards a direction, the short way round."""
        if self._gaze is None:
            self._gaze = wanted
        missing = turned(wanted - self._gaze)
        self._gaze += missing * (1 - math.exp(-self._dt / TURNING_S))

    def _wanted(self, me: Body, bodies: Iterable[Body], time_s: float) -> float:
        """Where the eyes want to look [rad], in street coordinates."""
        coming = {body.id: body for body in bodies if body.model in VEHICLES and comes(body, me)}
        if self._watched not in coming or time_s >= self._until_s:
            self._watched = min(coming, key=lambda id: arrival_s(coming[id], me), default=None)
            self._until_s = time_s + DWELL_S
        if self._watched is None or not self._watchful:
            return me.heading
        vehicle = coming[self._watched]
        near = on_road(me, self._street) and arrival_s(vehicle, me) < NEAR_S
        if not near and not about_to_cross(me, self._street):
            return me.heading
        aside = turned(math.atan2(vehicle.d - me.d, vehicle.s - me.s) - me.heading)
        return me.heading + max(min(aside, NECK), -NECK)


def eye_height_m(me: Body) -> float:
    """Above the road; it bobs as somebody walks."""
    steps = 4 * math.pi * me.travelled / STRIDE_M
    bob = BOB_M * (math.cos(steps) - 1) if me.speed > 0 else 0.0
    return EYE_SHARE * me.size.height + bob


def comes(vehicle: Body, me: Body) -> bool:
    """Whether a vehicle drives towards somebody, along the street."""
    towards = (me.s - vehicle.s) * vehicle.velocity[0] > 0
    return towards and vehicle.speed > COMING_MPS and abs(me.s - vehicle.s) < COMING_M


def arrival_s(vehicle: Body, me: Body) -> float:
    """Until a coming vehicle is beside somebody [s]."""
    return abs(me.s - vehicle.s) / vehicle.speed


def on_road(me: Body, street: Street) -> bool:
    """Between the kerbs."""
    return street.right_kerb < me.d < street.left_kerb


def about_to_cross(me: Body, street: Street) -> bool:
    """On the pavement near the kerb, facing the road, standing or on the way to it."""
    right = me.d < (street.left_kerb + street.right_kerb) / 2
    off_road = street.right_kerb - me.d if right else me.d - street.left_kerb
    facing = math.sin(me.heading) * (1 if right else -1) > 0.5
    return facing and 0 <= off_road < KERBSIDE_M


def turned(angle: float) -> float:
    """The same direction, between -pi and pi."""
    return math.remainder(angle, 2 * math.pi)
