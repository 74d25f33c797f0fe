"""An earlier run of the bench on the same machine, to see what became faster."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from road_clarity.models.errors import BadInput

KEY = ("model", "input", "backend", "precision")  # what tells the rows apart


@dataclass(frozen=True)
class Earlier:
    """How long everything took, and where."""

    path: Path
    machine: dict[str, Any]
    ms: dict[tuple[str, ...], float]  # p50 of the rows

    @classmethod
    def read(cls, path: Path) -> Earlier:
        """Raises BadInput for a file that no bench wrote."""
        try:
            report = json.loads(path.read_text())
            machine, rows = dict(report["machine"]), report["networks"]
            return cls(path, machine, {key(row): float(row["ms_p50"]) for row in rows})
        except (ValueError, KeyError, TypeError) as error:
            remedy = "no report of `road-clarity bench --json`; name another file"
            raise BadInput("--against", path, remedy) from error

    def departures(self, machine: dict[str, Any]) -> list[str]:
        """In what the machines differ: figures of different machines are not compared."""
        return [
            f"{name} {self.machine.get(name)} then, {value} now"
            for name, value in machine.items()
            if self.machine.get(name) != value
        ]

    def gain(self, row: dict[str, Any]) -> float | None:
        """How many times as fast the row is as it was then; None when it was not measured."""
        before = self.ms.get(key(row))
        return None if before is None else before / row["ms_p50"]


def key(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in KEY)
