"""The monitors: each looks at one thing in the scene and says what speaks against calm.

Codes are stable; `MEANING` is their glossary.  Points and thresholds: safety.config.
"""

from __future__ import annotations

import math

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.corridor import Corridor, straight_line
from road_clarity.safety.error_region import error_region, error_share
from road_clarity.safety.motion import Motion
from road_clarity.safety.risk import Cause, ramp
from road_clarity.safety.scene import Lanes, Track, Tracks, World

MEANING = {
    "anomaly.reconstruction": "the world model redraws the scene worse than calm scenes",
    "anomaly.surprise": "the scene went on differently from what the world model predicted",
    "anomaly.unknown_scene": "the frame is unlike all calm frames, to several scorers together",
    "lane.departure": "the car is close to, or on, a line of its lane",
    "lane.lost": "no line of the car's lane has been seen for a while",
    "corridor.person": "a person is in, or walks into, the strip the car is about to drive over",
    "collision.time": "something ahead grows so fast that the car would reach it soon",
    "input": "the image cannot be judged: frozen, blank, blurred, another size, or a jump in time",
    "missing, late, failed": "a part of the scene is not there, too old, or its network failed",
}
# A box that grows faster than this is a tracking jump, not a car [1/s]
MAX_APPROACH = 5.0
LEAST_GROWTH = 0.1  # slower growth is following, not closing in [1/s]


def anomaly(world: World, size: tuple[int, int], config: SafetyConfig) -> list[Cause]:
    """How rare the errors of the world model are on calm roads."""
    region = error_region(world.error_map, size)
    share = error_share(world.error_map, size, region) if region else 0.0
    badly = (
        f"{world.error_p:.1%} of calm frames are redrawn as badly; {share:.0%} of the error is here"
    )
    startled = f"{world.surprise_p:.1%} of calm moments surprise the world model as much"
    drawn = config.reconstruction_weight * rarity(world.error_p, config)
    expected = config.surprise_weight * rarity(world.surprise_p, config)
    return [
        Cause("anomaly.reconstruction", drawn, region, badly),
        Cause("anomaly.surprise", expected, None, startled),
    ]


def rarity(p: float, config: SafetyConfig) -> float:
    """0 at the p-value strange_p, 1 at absurd_p, straight on a log scale between."""
    return ramp(-math.log(max(p, 1e-12)), -math.log(config.strange_p), -math.log(config.absurd_p))


def departure(lanes: Lanes, size: tuple[int, int], config: SafetyConfig) -> list[Cause]:
    """Distance from the middle of the image to the ego lines at the bottom row, in lane widths.

    Takes the camera to sit in the middle of the car and to look straight ahead.
    """
    ego = {lane.id: lane for lane in lanes.lanes if lane.id in (2, 3)}
    if len(ego) < 2:
        return []
    width, height = size
    left, right = (
        x0 + slope * height for x0, slope in (straight_line(ego[2]), straight_line(ego[3]))
    )
    position = (width / 2 - left) / max(right - left, 1.0)
    side, gap, lane = (
        ("left", position, ego[2]) if position < 0.5 else ("right", 1 - position, ego[3])
    )
    xs, ys = zip(*lane.points, strict=True)
    return [
        Cause(
            "lane.departure",
            config.departure_weight * ramp(gap, config.departure_margin, 0.0),
            (min(xs), min(ys), max(xs), max(ys)),
            f"the {side} line is {max(gap, 0.0):.2f} lane widths from the middle of the car",
        )
    ]


def lost(seconds: float, config: SafetyConfig) -> list[Cause]:
    """seconds: for how long no line of the ego lane has been seen [s]."""
    points = config.lost_weight if seconds > config.lost_after_s else 0.0
    return [Cause("lane.lost", points, None, f"no line of the car's lane for {seconds:.1f} s")]


def persons(tracks: Tracks, strip: Corridor, motion: Motion, config: SafetyConfig) -> list[Cause]:
    """People in the corridor, or about to walk into it, weighed by how close they are."""
    causes = []
    for track in tracks.tracks:
        if track.label != "person" or height_m(track, strip, config) < config.least_person_m:
            continue
        x, y = (track.box[0] + track.box[2]) / 2, track.box[3]
        walk = motion.sideways(track.id)
        steps = (0.0, 0.5, 1.0) if walk.error < abs(walk.rate) else (0.0,)
        when = [s * config.conflict_horizon_s for s in steps]
        inside = [t for t in when if 0.0 <= strip.position(x + walk.rate * t, y) <= 1.0]
        if inside:
            now = inside[0] == 0.0
            points = (
                config.conflict_weight * ramp(strip.closeness(y), 0.05, 0.5) * (1.0 if now else 0.7)
            )
            what = "is in the way" if now else f"walks into the way within {inside[0]:.1f} s"
            causes.append(Cause("corridor.person", points, track.box, f"person {track.id} {what}"))
    return causes


def height_m(track: Track, strip: Corridor, config: SafetyConfig) -> float:
    """Height of what stands on flat ground [m]: the horizon is as high as the camera."""
    _, top, _, foot = track.box
    below = foot - strip.horizon
    return config.camera_height_m * (foot - top) / below if below > 0 else 0.0


def collisions(
    tracks: Tracks, strip: Corridor, motion: Motion, config: SafetyConfig
) -> list[Cause]:
    """Time to collision by growth of the box, for what stands in the corridor."""
    causes = []
    for track in tracks.tracks:
        if not stands_in(track, strip):
            continue
        # growth that both fits are sure of
        surely = min(growth.rate - 2 * growth.error for growth in motion.growth(track.id))
        if LEAST_GROWTH < surely < MAX_APPROACH:
            left_s = 1.0 / surely
            points = config.collision_weight * ramp(
                left_s, config.collision_begin_s, config.collision_full_s
            )
            text = f"{track.label} {track.id} would be reached in {left_s:.1f} s"
            causes.append(Cause("collision.time", points, track.box, text))
    return causes


def stands_in(track: Track, strip: Corridor) -> bool:
    """Whether the middle half of the object's foot line reaches into the corridor."""
    x0, _, x1, y = track.box
    if y <= strip.horizon:
        return False
    quarter = (x1 - x0) / 4
    return strip.position(x1 - quarter, y) > 0.0 and strip.position(x0 + quarter, y) < 1.0
