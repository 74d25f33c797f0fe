"""Calibrations on disk, and the one a drive is held to.

STORE/ID.json         one calibration, never changed once it is there
STORE/history.jsonl   what was activated when; the last line is the active one
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.run_folder import write_json
from road_clarity.safety.calibration import Calibration, alarm_parameters
from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.promise import PromiseKeeper

HISTORY = "history.jsonl"
MOST_BYTES = 64 << 20  # of a calibration file; 100,000 clips take 20 MB


def read_calibration(path: Path) -> Calibration:
    """A calibration file, or the active one of a store.  Raises BadInput."""
    if path.is_dir():
        return Store(path).active()
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadInput("calibration file", path, f"has more than {MOST_BYTES >> 20} MiB")
        content = json.loads(path.read_bytes())
        said = content.pop("id")
        calibration = Calibration.of(content)
    except FileNotFoundError as error:
        raise BadInput("calibration file", path, "does not exist; make it first") from error
    except BadInput:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        remedy = f"cannot be read ({error}); make it again with `road-clarity calibrate`"
        raise BadInput("calibration file", path, remedy) from error
    if calibration.id != said:
        remedy = f"was changed: it says {said}, its content is {calibration.id}; restore it"
        raise BadInput("calibration file", path, remedy)
    return calibration


def write_calibration(path: Path, calibration: Calibration) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"id": calibration.id, **calibration.content()})


def promise_for(config: SafetyConfig, models: Mapping[str, str]) -> PromiseKeeper:
    """What the settings hold a drive to.  models: name -> sha256 of all weights in use.

    Raises BadInput.
    """
    if not config.calibration:
        return PromiseKeeper()
    calibration = read_calibration(Path(config.calibration))
    differences = calibration.differences(models, alarm_parameters(config))
    return PromiseKeeper(calibration, config.condition, differences)


@dataclass(frozen=True)
class Activation:
    """One line of the history."""

    id: str
    at: str  # ISO 8601
    command: str


class Store:
    """A folder of calibrations.  It need not exist until something is put in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ids(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("[0-9a-f]*.json"))

    def get(self, id: str) -> Calibration:
        """Raises BadInput."""
        if id not in self.ids():  # a name from outside becomes a path only when it is one of ours
            known = ", ".join(self.ids()) or "none yet"
            raise BadInput("calibration", id, f"is not in {self.folder}; there are {known}")
        calibration = read_calibration(self.folder / f"{id}.json")
        if calibration.id != id:
            raise BadInput("calibration", id, f"its file holds {calibration.id}; restore it")
        return calibration

    def all(self) -> list[Calibration]:
        """The oldest first.  Raises BadInput."""
        found = [self.get(id) for id in self.ids()]
        return sorted(found, key=lambda one: (one.created_at, one.id))

    def add(self, calibration: Calibration) -> Path:
        """Returns its file; what is there already stays as it is."""
        path = self.folder / f"{calibration.id}.json"
        if not path.exists():
            write_calibration(path, calibration)
        return path

    def history(self) -> list[Activation]:
        """The oldest first.  Raises BadInput."""
        path = self.folder / HISTORY
        if not path.is_file():
            return []
        try:
            return [Activation(**json.loads(line)) for line in path.read_text().splitlines()]
        except (ValueError, TypeError) as error:
            raise BadInput("history", path, f"cannot be read ({error}); restore it") from error

    def active_id(self) -> str | None:
        history = self.history()
        return history[-1].id if history else None

    def active(self) -> Calibration:
        """Raises BadInput."""
        id = self.active_id()
        if id is None:
            remedy = "has no active calibration; `road-clarity calibrate activate ID` names one"
            raise BadInput("calibration store", self.folder, remedy)
        return self.get(id)

    def activate(self, id: str, at: str, command: str) -> Calibration:
        """Readers see the history before or after it.  Raises BadInput."""
        calibration = self.get(id)
        lines = [asdict(one) for one in (*self.history(), Activation(id, at, command))]
        path = self.folder / HISTORY
        partial = path.with_name(f".{HISTORY}.partial")
        partial.write_text("".join(json.dumps(line) + "\n" for line in lines))
        partial.replace(path)
        return calibration
