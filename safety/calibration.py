"""A calibration as data: the nominal clips, what they were judged with, and what they promise.

Its id follows from that content alone, so a file that was changed does not keep its id.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from road_clarity.models.errors import BadInput
from road_clarity.safety.clip_calibration import Bin, Clip, bin_for, checked
from road_clarity.safety.clip_cutter import require_length
from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.review import Review

ID_DIGITS = 16
# Settings that say what to do with the alarm score, not how it comes about.
AFTERWARDS = {"calibration", "condition", "elevated", "high", "release"}

Parameters = dict[str, Any]


def alarm_parameters(config: SafetyConfig) -> Parameters:
    """The settings that the alarm score depends on."""
    return {name: value for name, value in asdict(config).items() if name not in AFTERWARDS}


@dataclass(frozen=True)
class Calibration:
    """At most alpha of nominal clips of clip_s seconds raise a flag, if exchangeable with these."""

    alpha: float
    clip_s: float
    clips: tuple[Clip, ...]
    models: Mapping[str, str]  # name -> sha256 of the weights
    parameters: Parameters  # of the safety side, see alarm_parameters
    code: str  # version of road_clarity
    created_at: str  # ISO 8601
    command: str
    reviews: tuple[Review, ...] = ()  # labels that decided which clips are nominal

    def __post_init__(self) -> None:
        """Raises BadInput."""
        require_length(self.clip_s)
        try:
            datetime.fromisoformat(self.created_at)
        except ValueError as error:
            raise BadInput("created_at", self.created_at, "must be ISO 8601") from error
        checked(self.clips)
        self.bin("")  # whether all clips together can promise alpha

    def bin(self, condition: str) -> Bin:
        """What a drive in this condition is compared with; empty: any condition."""
        return bin_for(self.clips, condition, self.alpha)

    @property
    def conditions(self) -> list[str]:
        return sorted({clip.condition for clip in self.clips if clip.condition})

    @property
    def id(self) -> str:
        said = {k: v for k, v in self.content().items() if k not in ("created_at", "command")}
        if self.reviews:  # wherever the runs lay
            said["reviews"] = [{**asdict(one), "run": ""} for one in self.reviews]
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:ID_DIGITS]

    def content(self) -> dict[str, Any]:
        """As JSON values; the maximum of a clip with a fault is null."""
        clips = [asdict(clip) | {"maximum": finite(clip.maximum)} for clip in self.clips]
        return {
            "alpha": self.alpha,
            "clip_s": self.clip_s,
            "models": dict(sorted(self.models.items())),
            "parameters": self.parameters,
            "code": self.code,
            "created_at": self.created_at,
            "command": self.command,
            "clips": clips,
            **({"reviews": [asdict(one) for one in self.reviews]} if self.reviews else {}),
        }

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Calibration:
        """The inverse of content().  Raises BadInput, KeyError, TypeError."""
        fields = dict(content)
        fields["clips"] = tuple(
            Clip(**one | {"maximum": math.inf if one["maximum"] is None else one["maximum"]})
            for one in fields["clips"]
        )
        fields["reviews"] = tuple(Review(**one) for one in fields.get("reviews", ()))
        return cls(**fields)

    def differences(self, models: Mapping[str, str], parameters: Parameters) -> list[str]:
        """What is not as it was when the calibration was made; empty: it is valid here."""
        found = [
            f"weights {name} are {models.get(name, 'none')[:8]}, not {sha256[:8]}"
            for name, sha256 in self.models.items()
            if models.get(name) != sha256
        ]
        found += [f"weights {name} are new" for name in models if name not in self.models]
        names = self.parameters.keys() | parameters.keys()
        for name in sorted(names):
            now, then = parameters.get(name), self.parameters.get(name)
            if now != then:
                found.append(f"safety.{name} is {now}, not {then}")
        return found


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def flagged(maxima: Sequence[float], threshold: float) -> int:
    """How many clips reach the threshold."""
    return sum(one >= threshold for one in maxima)
