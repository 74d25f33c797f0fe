"""Settings that exist because there are nodes; the others come from the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field

from road_clarity.nodes.evidence import LiveEvidenceConfig
from road_clarity.pipeline.gate import GateConfig
from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.ladder import LadderConfig
from road_clarity.safety.settings import Checked, setting


@dataclass(frozen=True, kw_only=True)
class IntakeConfig(Checked):
    overlay_rate: float = setting(
        10.0, "overlay pictures while anybody looks [1/s]", low=0.1, high=100.0
    )
    ladder: LadderConfig = field(default_factory=LadderConfig)
    gate: GateConfig = field(default_factory=GateConfig)
    evidence: LiveEvidenceConfig = field(default_factory=LiveEvidenceConfig)


@dataclass(frozen=True, kw_only=True)
class SafetyNodeConfig(Checked):
    patience: float = setting(
        0.15, "how long an image waits for its own parts; then older serve [s]", low=0.0, high=1.0
    )
    silence: float = setting(
        0.4, "longest silence of the risk topic; then it says unknown [s]", low=0.05, high=0.45
    )
    fresh: float = setting(
        0.35, "age from which a part is the last good one [s]", low=0.05, high=1.0
    )
    metrics_port: int = setting(
        0, "port on 127.0.0.1 where Prometheus fetches the risk; 0 for none", low=0, high=65535
    )
    safety: SafetyConfig = field(default_factory=SafetyConfig)


@dataclass(frozen=True, kw_only=True)
class SourceConfig(Checked):
    path: str = setting("", "video, GIF, image folder, or the number of a camera")
    rate: float = setting(
        0.0, "images per second; 0 plays a recording at its own pace [1/s]", low=0.0, high=1000.0
    )
    loop: bool = setting(False, "begin again at the end")
    compressed: bool = setting(True, "publish JPEG instead of raw images")
    quality: int = setting(90, "JPEG quality", low=1, high=100)
    frame_id: str = setting("camera", "coordinate frame of the images")
