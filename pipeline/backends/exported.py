"""Where exported networks lie, and which of them may be used.

EXPORTS/<weights>-<backend>-<precision>[-<W>x<H>]/
    one graph per entry of the network, parity.json, parity.md

An export is used only when its parity report says that it passed, when it was made of the very
weights that are loaded, and when its files are those that were compared.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.backends.entries import Size
from road_clarity.pipeline.backends.runtime import BF16, FP32, Way
from road_clarity.pipeline.weights import imported

PARITY = "parity.json"
WORTH_IT = 1.1  # times as fast as torch, from which `auto` takes an export
WORTH_IT_FINER = 0.95  # the same, where torch would compute in bf16 and the export in fp32


@dataclass(frozen=True)
class ExportKey:
    """What an export is of."""

    weights: str
    backend: str
    precision: str
    size: Size | None  # of the image; None where the network has one size only

    @property
    def folder(self) -> str:
        parts = [self.weights, self.backend, self.precision]
        return "-".join(parts + ([f"{self.size[0]}x{self.size[1]}"] if self.size else []))

    @property
    def command(self) -> str:
        """What makes it."""
        size = f" --size {self.size[0]}x{self.size[1]}" if self.size else ""
        return (
            f"road-clarity export {self.weights} --to {self.backend} "
            f"--precision {self.precision}{size}"
        )


def key_of(weights: str, way: Way, size: Size | None) -> ExportKey:
    return ExportKey(weights, way.backend, way.precision, size)


def exports_folder() -> Path:
    """ROAD_CLARITY_EXPORTS, else beside the imported weights."""
    chosen = os.environ.get("ROAD_CLARITY_EXPORTS")
    return Path(chosen).expanduser() if chosen else imported() / "exports"


def find(key: ExportKey, weights_sha256: str) -> Path:
    """The folder of the export.  Raises BadInput unless there is one that may be used."""
    folder = exports_folder() / key.folder
    if not (folder / PARITY).is_file():
        raise BadInput(f"{key.backend} export", folder, f"is not there; run `{key.command}`")
    reason = fault(folder, weights_sha256)
    if reason:
        raise BadInput(f"{key.backend} export", folder, f"{reason}; run `{key.command}` again")
    return folder


def fastest(
    weights: str, weights_sha256: str, size: Size | None, allowed: Sequence[Way]
) -> tuple[Way, Path] | None:
    """The export that beat torch by most when it was made; None where none is worth it."""
    ratios = {}
    for way in allowed:
        folder = exports_folder() / key_of(weights, way, size).folder
        ratios[way, folder] = beats_torch(folder, weights_sha256)
    best = max(ratios, key=lambda one: ratios[one], default=None)
    return best if best is not None and ratios[best] > 0.0 else None


def beats_torch(folder: Path, weights_sha256: str) -> float:
    """How many times as fast as torch it was; 0 for an export that must not be used, or is not
    worth it."""
    if not (folder / PARITY).is_file() or fault(folder, weights_sha256):
        return 0.0
    report = json.loads((folder / PARITY).read_text())
    return float(report["speed"]["ratio"]) if worth_it(report) else 0.0


def worth_it(report: Mapping[str, Any]) -> bool:
    """Whether an export that passed is better than torch on this machine: faster, or as fast and
    finer.  report: what parity.json holds"""
    try:
        speed, precision = report["speed"], report["runtime"]["precision"]
        finer = precision == FP32 and speed["torch_precision"] == BF16
        return bool(speed["ratio"] >= (WORTH_IT_FINER if finer else WORTH_IT))
    except (LookupError, TypeError):  # of an earlier version, or damaged: nobody knows
        return False


def fault(folder: Path, weights_sha256: str) -> str | None:
    """Why the export in this folder must not be used."""
    try:
        report = json.loads((folder / PARITY).read_text())
        passed, made_of, files = report["passed"], report["weights_sha256"], report["files"].items()
    except (ValueError, LookupError, TypeError, AttributeError):
        return f"has a {PARITY} that is no parity report"
    if passed is not True:
        return "did not agree with torch"
    if made_of != weights_sha256:
        return f"was made of weights {made_of[:12]}, which are now {weights_sha256[:12]}"
    for name, sha256 in files:
        path = folder / name
        if not path.is_file() or file_sha256(path) != sha256:
            return f"holds another {name} than the one that was compared"
    return None


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
