"""Road users on the stage: where they stand, what they wear, when their lamps are lit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from road_clarity.training.simulator import people, vehicles
from road_clarity.training.simulator.bodies import CYCLISTS, VEHICLES, Body
from road_clarity.training.simulator.look import Look
from road_clarity.training.simulator.mesh import Mesh, lit
from road_clarity.training.simulator.night import Beam
from road_clarity.training.simulator.panda import canvas, geometry
from road_clarity.training.simulator.scenery import CLASS, SHADOW, SOLID, blob

AFAR_M = 60.0  # vehicles farther away have fewer triangles
UNSEEN_M = 160.0  # road users farther away are not drawn


@dataclass(frozen=True)
class Placed:
    """A road user in the world."""

    body: Body
    x: float
    y: float
    yaw: float


class Puppet:
    """A road user on the stage; people change their mesh from step to step."""

    def __init__(self, root: Any, body: Body, look: Look, detail: float) -> None:
        """detail: width of the picture over that for which the distances above hold"""
        self.node = root.attachNewNode(str(body.id))
        self._look = look
        self._afar_m, self._unseen_m = AFAR_M * detail, UNSEEN_M * math.sqrt(detail)
        self._near = True
        self._posed: Body | None = None
        self._worn: int | None = None  # which mesh it has on
        size = body.size
        shadow = blob(size.length * 0.58, size.width * 0.66, 0.6)
        canvas(self.node.attachNewNode(geometry(shadow)), SHADOW)
        self._mesh = self.node.attachNewNode("mesh")
        self._lamps: Any = None
        canvas(self.node, SOLID)
        if body.model in VEHICLES:
            self._lamps = self.node.attachNewNode(geometry(vehicles.brake_lamps(body.model)))
            if look.lamps and drives(body):
                self.node.attachNewNode(geometry(vehicles.lit_lamps(body.model)))
        else:
            self._mesh.setScale(size.height / 1.75)

    def take(self, place: Placed, distance_m: float) -> None:
        """Stands, walks or drives there."""
        near = distance_m < self._unseen_m
        if near != self._near:
            self._near = near
            self.node.unstash() if near else self.node.stash()
        if not near:
            return
        body = place.body
        if body is not self._posed:
            self._posed = body
            self.node.setPos(place.x, place.y, 0)
            self.node.setH(math.degrees(place.yaw))
        if self._lamps is None:
            self._walk(body)
        else:
            self._drive(body, distance_m > self._afar_m)

    def _drive(self, body: Body, afar: bool) -> None:
        braking = body.acceleration < -0.8 or (body.speed < 0.1 and body.acceleration < 0)
        self._lamps.show() if braking else self._lamps.hide()
        if afar != self._worn:
            self._worn = afar
            self._wear(vehicles.vehicle(body.model, body.tint % vehicles.FINISHES, afar))

    def _walk(self, body: Body) -> None:
        rides = body.model in CYCLISTS
        step = people.step_of(body.travelled, people.PEDALS_M if rides else people.STRIDE_M)
        if body.speed == 0 and not rides:
            step = people.STANDING
        if step != self._worn:
            self._worn = step
            outfit = body.tint % people.OUTFITS
            self._wear(people.rider(outfit, step) if rides else people.walker(outfit, step))

    def _wear(self, mesh: Mesh) -> None:
        self._mesh.node().removeAllChildren()
        self._mesh.attachNewNode(dressed(mesh, self._look))


@lru_cache(maxsize=2000)
def dressed(mesh: Mesh, look: Look) -> Any:
    """A mesh of the cast in the light of that look."""
    return geometry(lit(mesh, look.sun, look.ambient))


def drives(body: Body) -> bool:
    """Whether it is a vehicle with somebody at the wheel; then its lamps are lit in the dark."""
    return body.model in VEHICLES and (body.speed > 0 or body.travelled > 0)


def beam(one: Placed) -> Beam:
    """The headlamps of a vehicle."""
    ahead = one.body.size.length / 2
    return one.x + ahead * math.cos(one.yaw), one.y + ahead * math.sin(one.yaw), one.yaw


def kind_of(body: Body) -> int:
    """The class of a road user."""
    if body.model in VEHICLES:
        return CLASS["Car"]
    return CLASS["Bicyclist" if body.model in CYCLISTS else "Pedestrian"]
