"""How fast the running system is at every rung of the ladder, and what a standstill looks like.

python -m road_clarity.nodes.live.bench SOURCE   prints JSON; `road-clarity bench --pipeline` calls it
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import rclpy

from road_clarity.models.errors import BadInput
from road_clarity.nodes.live.ear import Ear, Heard
from road_clarity.nodes.live.figures import LiveFigures, figures
from road_clarity.nodes.live.processes import Parameters, Running, own_domain, system
from road_clarity.safety.ladder import Rung

CAMERA_FPS = 30.0
START_S = 90.0  # until the first risk is known; networks are loading
WARM_UP_S = 4.0  # that is not counted
STANDSTILL_S = 3.0


def pinned(rung: str, **safety: float) -> Parameters:
    flags = {f"safety.{name}": value for name, value in safety.items()}
    return {"perception": {"ladder.rung": rung}, "safety": flags or {"patience": 0.15}}


@dataclass(frozen=True)
class Way:
    """One way to run the system."""

    about: str
    parameters: Parameters = field(default_factory=dict)
    viewer: bool = False  # somebody looks at overlay and explanations


WAYS = {
    "auto": Way("as it ships, rung by load"),
    "full": Way("rung FULL, nothing flagged", pinned("full", elevated=1.0, high=1.0)),
    "explained": Way(
        "rung FULL, every image flagged, explained and drawn",
        pinned("full", elevated=0.0), viewer=True,
    ),
    "no_explanation": Way("rung NO_EXPLANATION", pinned("no_explanation"), viewer=True),
    "reduced_rate": Way("rung REDUCED_RATE", pinned("reduced_rate"), viewer=True),
}  # fmt: skip


@dataclass(frozen=True)
class Standstill:
    """The networks' process stands still; times from there [ms]."""

    last_good_ms: float  # until the risk says that its parts are the last good ones
    unknown_ms: float  # until the level is unknown
    longest_silence_ms: float  # of the risk topic meanwhile
    known_again_ms: float  # from when the process goes on


def measure(way: Way, arguments: Mapping[str, str], seconds: float, folder: Path) -> dict[str, Any]:
    """Raises BadInput when the system does not begin to work."""
    with system(arguments, way.parameters, folder) as processes:
        ear = Ear(way.viewer)
        try:
            if not ear.listen(START_S, knows):
                said = (folder / "perception_node.log").read_text()[-600:]
                raise BadInput("system", "does not start", said or "no word from it")
            ear.listen(WARM_UP_S)
            found = {"about": way.about, **asdict(stretch(ear, processes, seconds))}
            if not way.parameters:
                found["standstill"] = asdict(standstill(ear, processes["perception_node"]))
            return found
        finally:
            ear.close()


def knows(heard: Heard) -> bool:
    return any(one.level != "unknown" for one in heard.risks)


def stretch(ear: Ear, processes: Mapping[str, Running], seconds: float) -> LiveFigures:
    ear.heard = Heard()
    busy = {name: one.busy_s for name, one in processes.items()}
    started_s = time.monotonic()
    ear.listen(seconds)
    took_s = time.monotonic() - started_s
    cores = {name: (one.busy_s - busy[name]) / took_s for name, one in processes.items()}
    memory = {name: one.memory_mib for name, one in processes.items()}
    return figures(ear.heard, took_s, cores, memory)


def standstill(ear: Ear, perception: Running) -> Standstill:
    ear.heard, began_s = Heard(), time.monotonic()
    perception.send(signal.SIGSTOP)
    ear.listen(STANDSTILL_S, lambda heard: any(r.rung == Rung.LAST_GOOD for r in heard.risks))
    last_good_ms = (time.monotonic() - began_s) * 1e3
    ear.listen(STANDSTILL_S, lambda heard: any(r.level == "unknown" for r in heard.risks))
    unknown_ms = (time.monotonic() - began_s) * 1e3
    ear.listen(STANDSTILL_S)
    from road_clarity.nodes.live.figures import longest_silence_ms

    silence_ms = longest_silence_ms(ear.heard.risks)
    ear.heard, again_s = Heard(), time.monotonic()
    perception.send(signal.SIGCONT)
    ear.listen(10 * STANDSTILL_S, knows)
    known_again_ms = (time.monotonic() - again_s) * 1e3
    return Standstill(last_good_ms, unknown_ms, silence_ms, known_again_ms)


def run(source: str, preset: str, device: str, seconds: float) -> dict[str, Any]:
    """Every way in turn.  Raises BadInput."""
    arguments = {
        "source": source, "preset": preset, "device": device, "rate": str(CAMERA_FPS),
        "loop": "true", "compressed": "false", "log_level": "warn",
    }  # fmt: skip
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, way in WAYS.items():
            print(f"{name}: {way.about} ...", file=sys.stderr, flush=True)
            found[name] = measure(way, arguments, seconds, Path(folder))
    return found


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("source")
    asked.add_argument("--preset", default="edge")
    asked.add_argument("--device", default="auto")
    asked.add_argument("--seconds", type=float, default=20.0)
    given = asked.parse_args()
    own_domain()
    rclpy.init()
    try:
        print(json.dumps(run(given.source, given.preset, given.device, given.seconds)))
    except BadInput as error:
        print(f"road_clarity: {error}", file=sys.stderr)
        return 2
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
