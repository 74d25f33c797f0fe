"""A camera that hangs: no scorer of single frames can see it, the input gate must."""

from __future__ import annotations

from typing import Any

from road_clarity.evaluation.anomaly_frames import Recording, with_image
from road_clarity.evaluation.corruptions.suite import HELD, SEVERITIES, frozen
from road_clarity.evaluation.sources import open_source
from road_clarity.pipeline.gate import GateConfig, InputGate

LONGEST = 120  # frames of a recording that are looked at


def frozen_found(one: Recording, seed: int) -> list[dict[str, Any]]:
    """By severity: how many frames were stale, whether the gate said so; nothing of stills."""
    if not one.moving:
        return []
    frames = list(open_source(one.path, max_frames=LONGEST).frames)
    rows = []
    for severity in SEVERITIES:
        images, stale = frozen([frame.image for frame in frames], severity, seed)
        gate = InputGate(GateConfig())
        said = [
            any(fault.code == "input.frozen" for fault in gate.check(with_image(frame, image)))
            for frame, image in zip(frames, images, strict=True)
        ]
        found = [flag for flag, old in zip(said, stale, strict=True) if old]
        rows.append({
            "path": str(one.path), "severity": severity, "held": HELD[severity - 1],
            "stale_frames": sum(stale), "found": any(found),
            "false_frames": sum(said) - sum(found),
        })  # fmt: skip
    return rows
