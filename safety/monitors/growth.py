"""Time to collision by growth: the inverse of how fast a box grows (Lee 1976).

It needs neither the height of the camera nor the horizon, but a second of a steady box.
"""

from __future__ import annotations

from collections.abc import Iterable

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.corridor import Corridor
from road_clarity.safety.motion import Motion
from road_clarity.safety.risk import Cause, ramp
from road_clarity.safety.scene import Track

# A box that grows faster than this is a tracking jump, not a car [1/s]
MAX_APPROACH = 5.0
LEAST_GROWTH = 0.1  # slower growth is following, not closing in [1/s]


def collisions(
    tracks: Iterable[Track], strip: Corridor, motion: Motion, config: SafetyConfig
) -> list[Cause]:
    """Time to collision by growth of the box, for what stands in the corridor."""
    causes = []
    for track in tracks:
        if not stands_in(track, strip):
            continue
        # growth that both fits are sure of
        surely = min(growth.rate - 2 * growth.error for growth in motion.growth(track.id))
        if LEAST_GROWTH < surely < MAX_APPROACH:
            left_s = 1.0 / surely
            points = config.growth_weight * ramp(
                left_s, config.collision_begin_s, config.collision_full_s
            )
            text = f"{track.label} {track.id} would be reached in {left_s:.1f} s"
            causes.append(Cause("collision.time", points, track.box, text, track.label, track.id))
    return causes


def stands_in(track: Track, strip: Corridor) -> bool:
    """Whether the middle half of the object's foot line reaches into the corridor."""
    x0, _, x1, y = track.box
    if y <= strip.horizon:
        return False
    quarter = (x1 - x0) / 4
    return strip.position(x1 - quarter, y) > 0.0 and strip.position(x0 + quarter, y) < 1.0
