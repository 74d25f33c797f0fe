"""A made-up calibration: nineteen clips of two seconds whose maxima are 0.02 .. 0.38."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from road_clarity.pipeline.run_folder import RunFolder
from road_clarity.safety.calibration import Calibration, alarm_parameters
from road_clarity.safety.clip_calibration import Clip
from road_clarity.safety.config import SafetyConfig

STEP_NS = 200_000_000
MODELS = {"vae_edge": "ab" * 32}
MAXIMA = [round(0.02 * i, 2) for i in range(1, 20)]


def made_calibration(alpha: float = 0.05, **changed: Any) -> Calibration:
    models: Mapping[str, str] = MODELS
    fields: dict[str, Any] = {
        "alpha": alpha,
        "clip_s": 2.0,
        "clips": tuple(Clip(f"clip {m}", "day", f"{m}", m) for m in MAXIMA),
        "models": models,
        "parameters": alarm_parameters(SafetyConfig()),
        "code": "0.1.0",
        "created_at": "2026-01-01T00:00:00+00:00",
        "command": "made",
    }
    return Calibration(**fields | changed)


def made_row(stamp_ns: int, points: float, code: str = "corridor.person") -> dict[str, Any]:
    """A frame in which one cause speaks; a fault when the code is one."""
    level = "unknown" if code.startswith("input.") else "nominal"
    reasons = [{"code": code, "share": min(points, 1.0), "region": None, "text": code}]
    return {
        "index": stamp_ns // STEP_NS,
        "stamp_ns": stamp_ns,
        "risk": {
            "score": min(points, 1.0),
            "level": level,
            "reasons": reasons if points else [],
            "points": points,
        },
        "lanes": [],
        "tracks": [],
        "anomaly": {"score": stamp_ns * 1e-9, "p_value": 0.5, "calibration_id": "calm"},
        "world": {"surprise": 1.0, "horizon_s": 1.0},
        "latency_ms": {"total": 4.0},
    }


def made_nominal_run(
    path: Path, maxima: Sequence[float], models: Mapping[str, str] = MODELS, shift: float = 0.0
) -> Path:
    """One recording with a clip of two seconds for every maximum, five frames per second.

    shift: makes what is perceived differ from that of another run
    """
    path.mkdir(parents=True)
    run = RunFolder(path)
    for clip, maximum in enumerate(maxima):
        for step in range(10):
            row = made_row((10 * clip + step) * STEP_NS, maximum if step == 4 else 0.0)
            row["anomaly"]["score"] += shift
            run.append(row)
    run.finish(
        {
            "models": {name: {"sha256": sha256} for name, sha256 in models.items()},
            "parameters": alarm_parameters(SafetyConfig()),
            "sources": [{"name": "street", "start_ns": 0}],
        }
    )
    return path
