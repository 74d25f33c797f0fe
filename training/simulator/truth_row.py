"""The truth of a frame without its pictures, ready for JSON; metres and pixels to two places."""

from __future__ import annotations

from typing import Any

from road_clarity.training.simulator.ground_truth import Truth


def row(truth: Truth) -> dict[str, Any]:
    """One object, as docs/simulator.md lists it."""
    ego, camera = truth.ego, truth.camera
    return {
        "stamp_ns": truth.stamp_ns,
        "viewer": truth.viewer.id,
        "camera": {
            "position_m": [rounded(v) for v in camera.position],
            "yaw_rad": round(camera.yaw, 4),
            "pitch_rad": round(camera.pitch, 4),
            "fov_deg": camera.fov_deg,
        },
        "hazardous": truth.hazardous,
        "gap_m": rounded(truth.gap_m),
        "time_to_collision_s": rounded(truth.time_to_collision_s),
        "ego": {
            "s_m": rounded(ego.s),
            "d_m": rounded(ego.d),
            "heading_rad": round(ego.heading, 4),
            "speed_mps": rounded(ego.speed),
            "acceleration_mps2": rounded(ego.acceleration),
        },
        "instances": [
            {
                "id": one.id,
                "label": one.label,
                "model": one.model,
                "box": list(one.box),
                "pixels": one.pixels,
                "ahead_m": rounded(one.ahead_m),
                "aside_m": rounded(one.aside_m),
                "velocity_mps": [rounded(v) for v in one.velocity],
            }
            for one in truth.instances
        ],
        "lanes": [
            {"id": lane.id, "points": [[rounded(x), rounded(y)] for x, y in lane.points]}
            for lane in truth.lanes
        ],
    }


def rounded(value: float | None) -> float | None:
    """To two places; None stays."""
    return None if value is None else round(value, 2)
