"""Where a verdict comes from: the weights, the calibration, the settings and the code."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
JUDGES = ("models", "safety", "pipeline")  # folders whose code decides what is flagged


@dataclass(frozen=True)
class Origin:
    """What stays the same for all events of a run."""

    models: Mapping[str, str]  # name of the weights -> their sha256
    parameters: Mapping[str, Any] = field(default_factory=dict)  # part -> setting -> value
    runtimes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by name of weights

    def said(self, calibration_id: str | None) -> dict[str, Any]:
        """Contents of provenance.json."""
        return {
            "models": {name: {"sha256": sha256} for name, sha256 in self.models.items()},
            "calibration_id": calibration_id,
            "code_sha256": code_sha256(),
            "parameters": dict(self.parameters),
            "runtimes": dict(self.runtimes),
        }


def parameters_of(config: Any) -> dict[str, Any]:
    """A PipelineConfig as plain data."""
    return asdict(config)


def code_sha256() -> str:
    """Of everything that decides what is flagged."""
    return sources_sha256(JUDGES)


@cache
def sources_sha256(folders: tuple[str, ...]) -> str:
    """Over the Python source in these folders of ours, names included."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
