"""Settings of the safety side: what counts as close, late or strange, and how much it weighs."""

from __future__ import annotations

from dataclasses import dataclass

from road_clarity.safety.settings import Checked, setting


@dataclass(frozen=True, kw_only=True)
class SafetyConfig(Checked):
    """Weights are risk points: 1.0 alone makes the score 1."""

    elevated: float = setting(0.3, "score from which the level is elevated", low=0.0, high=1.0)
    high: float = setting(0.6, "score from which the level is high", low=0.0, high=1.0)
    release: float = setting(0.05, "how far below a level the score must fall to leave it", low=0.0)
    hold_s: float = setting(0.5, "how long it must stay there [s]", low=0.0, high=10.0)
    max_age_s: float = setting(0.5, "age from which a part of the scene is late [s]", low=0.01)

    horizon: float = setting(
        0.5, "row of the horizon without lanes [image heights]", low=0.1, high=0.9
    )
    camera_height_m: float = setting(
        1.4, "height of the camera above the road [m]", low=0.3, high=4.0
    )
    corridor_width_m: float = setting(
        2.4, "width of the strip the car drives over, with a margin [m]", low=1.0, high=6.0
    )
    lane_width_m: float = setting(3.5, "width of the lane [m]", low=2.0, high=6.0)

    strange_p: float = setting(
        0.02, "p-value at which strangeness begins to count", low=1e-6, high=1.0
    )
    absurd_p: float = setting(0.001, "p-value at which it counts in full", low=1e-9, high=1.0)
    reconstruction_weight: float = setting(0.4, "points of a scene the model cannot draw", low=0.0)
    surprise_weight: float = setting(0.3, "points of a scene the model did not expect", low=0.0)
    unknown_weight: float = setting(0.3, "points of a scene unlike all calm ones", low=0.0)

    departure_weight: float = setting(0.6, "points of standing on a lane line", low=0.0)
    departure_margin: float = setting(
        0.2, "distance to a line at which departure begins [lane widths]", low=0.0, high=0.5
    )
    lost_weight: float = setting(0.15, "points of having lost the ego lane", low=0.0)
    lost_after_s: float = setting(1.0, "how long no ego line must be seen for that [s]", low=0.0)

    conflict_weight: float = setting(0.7, "points of a person right before the car", low=0.0)
    least_person_m: float = setting(
        0.7, "height on flat ground below which a box is nobody [m]", low=0.0, high=2.0
    )
    conflict_horizon_s: float = setting(1.5, "how far a walk is continued [s]", low=0.0, high=5.0)
    collision_weight: float = setting(0.8, "points of a collision within collision_full_s", low=0.0)
    collision_begin_s: float = setting(
        4.0, "time to collision at which it begins to count [s]", low=0.1
    )
    collision_full_s: float = setting(
        1.5, "time to collision at which it counts in full [s]", low=0.0
    )
    history_s: float = setting(1.0, "how long motion of a track is looked back at [s]", low=0.2)
