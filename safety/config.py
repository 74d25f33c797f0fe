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

    calibration: str = setting(
        "", "calibration file, or store with an active one; sets where flags begin; empty: none"
    )
    condition: str = setting("", "which of its conditions the drive is in, such as night")

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

    departure_weight: float = setting(0.35, "points of standing on a lane line", low=0.0)
    departure_margin: float = setting(
        0.2, "distance to a line at which departure begins [lane widths]", low=0.0, high=0.5
    )
    lost_weight: float = setting(0.15, "points of having lost the ego lane", low=0.0)
    lost_after_s: float = setting(1.0, "how long no ego line must be seen for that [s]", low=0.0)

    conflict_weight: float = setting(0.8, "points of a person whom the car meets soon", low=0.0)
    intrusion_weight: float = setting(
        0.15, "points of somebody whom the car meets soon and the tracker does not follow", low=0.0
    )
    conflict_begin: float = setting(
        0.2, "how likely a meeting is from which it counts", low=0.0, high=1.0
    )
    conflict_full: float = setting(
        0.8, "how likely a meeting is that counts in full", low=0.0, high=1.0
    )
    conflict_horizon_s: float = setting(
        3.0, "how far everybody's course is continued [s]", low=0.5, high=5.0
    )
    conflict_gap_m: float = setting(
        1.0, "free distance below which two have met [m]", low=0.0, high=5.0
    )
    front_m: float = setting(1.8, "from the camera to the front of the car [m]", low=0.0, high=5.0)
    focal_widths: float = setting(
        0.87, "focal length of the camera [image widths]", low=0.2, high=5.0
    )
    cruise_mps: float = setting(
        10.0, "speed of the car, until what stands on the road tells it [m/s]", low=0.0, high=60.0
    )
    collision_weight: float = setting(0.8, "points of a vehicle that the car meets soon", low=0.0)
    growth_weight: float = setting(
        0.25, "points of a box whose growth means a collision within collision_full_s", low=0.0
    )
    uncertain_weight: float = setting(
        0.1, "points of a track that the segmentation denies", low=0.0
    )
    no_road_weight: float = setting(
        0.15, "points of a lane that is no road to the segmentation", low=0.0
    )
    collision_begin_s: float = setting(
        4.0, "time to collision at which it begins to count [s]", low=0.1
    )
    collision_full_s: float = setting(
        1.5, "time to collision at which it counts in full [s]", low=0.0
    )
    history_s: float = setting(1.0, "how long motion of a track is looked back at [s]", low=0.2)
