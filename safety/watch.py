"""The watch: scene in, risk out.  Missing, late or unreadable makes it unknown, never calm."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from road_clarity.safety.alarm import alarm_score
from road_clarity.safety.common_error import once
from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.corridor import Corridor, corridor
from road_clarity.safety.courses import Courses
from road_clarity.safety.event_table import PARTS
from road_clarity.safety.footing import stands_on
from road_clarity.safety.ground_plane import ground
from road_clarity.safety.horizon_row import HorizonRow
from road_clarity.safety.level import Level
from road_clarity.safety.monitors import disagreement, lane_position
from road_clarity.safety.monitors.conflicts import conflicts
from road_clarity.safety.monitors.growth import collisions
from road_clarity.safety.monitors.strangeness import anomaly
from road_clarity.safety.motion import Motion
from road_clarity.safety.outline import is_denied, tells_place
from road_clarity.safety.persistence import Persistence
from road_clarity.safety.promise import PromiseKeeper
from road_clarity.safety.risk import Cause, combine, total_points
from road_clarity.safety.scene import Fault, Lanes, Risk, Scene, Tracks, World
from road_clarity.safety.unknown_scene import SAYS, unknown_scene
from road_clarity.safety.untracked import Untracked


class Watch:
    """Remembers earlier frames: courses, causes, the level, since when the lane is lost."""

    def __init__(self, config: SafetyConfig, promise: PromiseKeeper | None = None) -> None:
        """promise: of the active calibration, if any"""
        self._config = config
        self._promise = promise or PromiseKeeper()
        self.reset()

    def reset(self) -> None:
        """Forget everything, as after a jump in time."""
        self._level = Level(self._config, self._promise.threshold)
        self._promise.break_off()
        self._motion = Motion(self._config.history_s)
        self._courses = Courses(self._config)
        self._untracked = Untracked()
        self._horizon = HorizonRow()
        self._persistence = Persistence()
        self._lane_seen_ns: int | None = None

    def assess(self, scene: Scene, now_ns: int) -> Risk:
        """The risk of `scene` at now_ns [ns, same clock as the stamps]."""
        scene, unreadable = without_unreadable(scene)
        faults = [*scene.faults, *unreadable, *self._untrusted(scene, now_ns, unreadable)]
        causes = [Cause(fault.code, 1.0, None, fault.text) for fault in faults]
        causes += once(self._persistence.step(scene.stamp_ns, self._causes(scene)))
        points = total_points(causes)
        level = self._level.step(now_ns, points, known=not faults)
        if level == "unknown" and not faults:
            text = f"readable for less than {self._config.hold_s:g} s"
            causes.append(Cause("watch.settling", 1.0, None, text))
        score, reasons = combine(causes)
        alarm = alarm_score(level, (cause.code for cause in causes), points)
        promise = self._promise.see(scene.stamp_ns, alarm)
        return Risk(scene.stamp_ns, score, level, reasons, points, promise)

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
        if scene.unknown and (now_ns - scene.unknown.stamp_ns) * 1e-9 > self._config.max_age_s:
            faults.append(Fault("unknown.late", "it was not looked whether the scene is known"))
        if scene.world and not readable(scene.world):
            faults.append(
                Fault("world.no_prediction", "the world model has not predicted this moment")
            )
        return faults

    def _causes(self, scene: Scene) -> list[Cause]:
        config, causes = self._config, unknown_scene(scene, self._config)
        strip = corridor(scene.lanes, scene.size, config)
        if scene.world and readable(scene.world):
            causes += anomaly(scene.world, scene.size, config)
        if scene.lanes:
            causes += lane_position.departure(scene.lanes, scene.size, config)
            causes += lane_position.lost(self._lane_lost_s(scene.lanes), config)
            if scene.segmentation:
                causes += disagreement.no_road(scene.lanes, scene.segmentation, strip, config)
        if scene.tracks:
            causes += self._others(scene, scene.tracks, strip)
        return causes

    def _others(self, scene: Scene, tracks: Tracks, strip: Corridor) -> list[Cause]:
        """What other road users speak against calm."""
        config, everybody, causes = self._config, tracks, []
        footing: dict[int, str | None] = {}
        denied: set[int] = set()
        if scene.segmentation:
            unknown = self._untracked.see(scene.segmentation, tracks)
            known = tuple(one for one in tracks.tracks if tells_place(one, scene.segmentation))
            everybody = replace(tracks, tracks=(*known, *unknown.tracks))
            footing = {
                one.id: stands_on(one.box, scene.segmentation)
                for one in everybody.tracks
                if one.label == "person"
            }
            denied = {one.id for one in known if is_denied(one, scene.segmentation)}
            causes += disagreement.uncertain(tracks, scene.segmentation, strip, config)
        row = self._horizon.see(
            strip.horizon, tracks.tracks, self._courses.closing(), tracks.stamp_ns, scene.size[1],
            strip.by_lines,
        )  # fmt: skip
        plane = ground(scene.lanes, row, scene.size, config)
        courses = self._courses.see(everybody, plane, footing)
        causes += conflicts(everybody.tracks, courses, config, denied)
        self._motion.see(everybody)
        standing = [track for track in everybody.tracks if not plane.is_cut(track.box)]
        return causes + collisions(standing, strip, self._motion, config)

    def _lane_lost_s(self, lanes: Lanes) -> float:
        seen = any(lane.id in (2, 3) for lane in lanes.lanes)
        if seen or self._lane_seen_ns is None or lanes.stamp_ns < self._lane_seen_ns:
            self._lane_seen_ns = lanes.stamp_ns
        return (lanes.stamp_ns - self._lane_seen_ns) * 1e-9


def readable(world: World) -> bool:
    """Whether the world model has seen, predicted and been told what is calm."""
    return all(math.isfinite(value) for value in (world.error, world.error_p, world.surprise_p))


def without_unreadable(scene: Scene) -> tuple[Scene, list[Fault]]:
    """The scene without parts that hold nan or too few points, and the faults they are.

    Parts may come over the wire, and nan is neither inside nor outside of anything: it looks calm.
    """
    faults = []
    lines = [lane.points for lane in scene.lanes.lanes] if scene.lanes else []
    if not all(len(points) >= 2 and np.isfinite(points).all() for points in lines):
        faults.append(Fault("lanes.unreadable", "a lane line has nan or fewer than two points"))
        scene = replace(scene, lanes=None)
    if scene.unknown and not SAYS.keys() <= scene.unknown.scorers.keys():
        text = "not all scorers of unknown scenes have answered"
        faults.append(Fault("unknown.unreadable", text))
        scene = replace(scene, unknown=None)
    boxes = [track.box for track in scene.tracks.tracks] if scene.tracks else []
    if not np.isfinite(boxes).all():
        faults.append(Fault("tracks.unreadable", "the box of a track has nan in it"))
        scene = replace(scene, tracks=None)
    if scene.world and not math.isfinite(scene.world.error):
        faults.append(Fault("world.unreadable", "the world model's error is not finite"))
        scene = replace(scene, world=None)
    return scene, faults
