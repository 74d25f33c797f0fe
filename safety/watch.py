"""The watch: scene in, risk out.  Missing, late or unreadable makes it unknown, never calm."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from road_clarity.safety import monitors
from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.corridor import corridor
from road_clarity.safety.level import Level
from road_clarity.safety.motion import Motion
from road_clarity.safety.risk import Cause, combine
from road_clarity.safety.scene import Fault, Lanes, Risk, Scene, World
from road_clarity.safety.unknown_scene import unknown_scene

PARTS = ("lanes", "segmentation", "tracks", "world")


class Watch:
    """Remembers earlier frames: motion, the level, since when the lane is lost."""

    def __init__(self, config: SafetyConfig) -> None:
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Forget everything, as after a jump in time."""
        self._level = Level(self._config)
        self._motion = Motion(self._config.history_s)
        self._lane_seen_ns: int | None = None

    def assess(self, scene: Scene, now_ns: int) -> Risk:
        """The risk of `scene` at now_ns [ns, same clock as the stamps]."""
        scene, unreadable = without_unreadable(scene)
        faults = [*scene.faults, *unreadable, *self._untrusted(scene, now_ns, unreadable)]
        causes = [Cause(fault.code, 1.0, None, fault.text) for fault in faults]
        causes += self._causes(scene)
        level = self._level.step(now_ns, combine(causes)[0], known=not faults)
        if level == "unknown" and not faults:
            text = f"readable for less than {self._config.hold_s:g} s"
            causes.append(Cause("watch.settling", 1.0, None, text))
        score, reasons = combine(causes)
        return Risk(scene.stamp_ns, score, level, reasons)

    def _untrusted(self, scene: Scene, now_ns: int, known: list[Fault]) -> list[Fault]:
        faults = []
        for name in PARTS:
            part = getattr(scene, name)
            if part is None:
                told = (*scene.faults, *known)
                if not any(fault.code.startswith(f"{name}.") for fault in told):
                    faults.append(Fault(f"{name}.missing", f"there are no {name} for this frame"))
            elif (age_s := (now_ns - part.stamp_ns) * 1e-9) > self._config.max_age_s:
                faults.append(Fault(f"{name}.late", f"{name} are {age_s:.2f} s old"))
        if scene.world and not readable(scene.world):
            faults.append(
                Fault("world.no_prediction", "the world model has not predicted this moment")
            )
        return faults

    def _causes(self, scene: Scene) -> list[Cause]:
        config, causes = self._config, unknown_scene(scene, self._config)
        strip = corridor(scene.lanes, scene.size, config)
        if scene.world and readable(scene.world):
            causes += monitors.anomaly(scene.world, scene.size, config)
        if scene.lanes:
            causes += monitors.departure(scene.lanes, scene.size, config)
            causes += monitors.lost(self._lane_lost_s(scene.lanes), config)
        if scene.tracks:
            self._motion.see(scene.tracks)
            causes += monitors.persons(scene.tracks, strip, self._motion, config)
            causes += monitors.collisions(scene.tracks, strip, self._motion, config)
        return causes

    def _lane_lost_s(self, lanes: Lanes) -> float:
        seen = any(lane.id in (2, 3) for lane in lanes.lanes)
        if seen or self._lane_seen_ns is None or lanes.stamp_ns < self._lane_seen_ns:
            self._lane_seen_ns = lanes.stamp_ns
        return (lanes.stamp_ns - self._lane_seen_ns) * 1e-9


def readable(world: World) -> bool:
    """Whether the world model has seen, predicted and been told what is calm."""
    return all(math.isfinite(value) for value in (world.error, world.error_p, world.surprise_p))


def without_unreadable(scene: Scene) -> tuple[Scene, list[Fault]]:
    """The scene without lanes or tracks that hold nan or too few points, and the faults they are.

    Parts may come over the wire, and nan is neither inside nor outside of anything: it looks calm.
    """
    faults = []
    lines = [lane.points for lane in scene.lanes.lanes] if scene.lanes else []
    if not all(len(points) >= 2 and np.isfinite(points).all() for points in lines):
        faults.append(Fault("lanes.unreadable", "a lane line has nan or fewer than two points"))
        scene = replace(scene, lanes=None)
    boxes = [track.box for track in scene.tracks.tracks] if scene.tracks else []
    if not np.isfinite(boxes).all():
        faults.append(Fault("tracks.unreadable", "the box of a track has nan in it"))
        scene = replace(scene, tracks=None)
    return scene, faults
