"""How fast the running system is at every rung of the ladder, and what a standstill looks like.

python -m road_clarity.nodes.live.bench SOURCE prints JSON for `road-clarity bench --pipeline`.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import rclpy
import yaml

from road_clarity.models.errors import BadInput
from road_clarity.nodes.live.ear import Ear, Heard, HeardRisk, Viewer
from road_clarity.nodes.live.figures import LiveFigures, figures, longest_silence_ms
from road_clarity.nodes.live.processes import Parameters, Running, own_domain, system
from road_clarity.safety.ladder import Rung

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
    viewer: Viewer = Viewer.NOBODY
    stands_still: bool = False  # the networks' process, at the end


WAYS = {
    "auto": Way("as it ships, rung by load", stands_still=True),
    "full": Way("rung FULL, nothing flagged", pinned("full", elevated=1.0, high=1.0)),
    "explained": Way(
        "rung FULL, every image flagged, explanations heard",
        pinned("full", elevated=0.0), Viewer.READS,
    ),
    "drawn": Way(
        "the same, and the overlay looked at", pinned("full", elevated=0.0), Viewer.LOOKS
    ),
    "no_explanation": Way("rung NO_EXPLANATION", pinned("no_explanation"), Viewer.LOOKS),
    "reduced_rate": Way("rung REDUCED_RATE", pinned("reduced_rate"), Viewer.LOOKS),
}  # fmt: skip


@dataclass(frozen=True)
class Standstill:
    """The networks' process stands still; times from there [ms]."""

    last_good_ms: float  # until a risk says that its parts are the last good ones; nan if none does
    unknown_ms: float  # until the level is unknown
    longest_silence_ms: float  # of the risk topic meanwhile
    known_again_ms: float  # from when the process goes on


def measure(
    way: Way, source: str, arguments: Mapping[str, str], seconds: float, folder: Path
) -> dict[str, Any]:
    """Raises BadInput when the system does not begin to work."""
    with system(source, arguments, way.parameters, folder) as processes:
        ear = Ear(way.viewer)
        try:
            if not ear.listen(START_S, knows):
                said = (folder / "perception_node.log").read_text()[-600:]
                raise BadInput("system", "does not start", said or "no word from it")
            ear.listen(WARM_UP_S)
            found = {"about": way.about, **asdict(stretch(ear, processes, seconds))}
            if way.stands_still:
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
    ear.heard, began_ns = Heard(), time.time_ns()
    perception.send(signal.SIGSTOP)
    ear.listen(STANDSTILL_S)
    risks, ear.heard = ear.heard.risks, Heard()
    again_ns = time.time_ns()
    perception.send(signal.SIGCONT)
    ear.listen(10 * STANDSTILL_S, knows)
    return Standstill(
        last_good_ms=first_ms(began_ns, risks, lambda one: one.rung == Rung.LAST_GOOD),
        unknown_ms=first_ms(began_ns, risks, lambda one: one.level == "unknown"),
        longest_silence_ms=longest_silence_ms(risks),
        known_again_ms=first_ms(again_ns, ear.heard.risks, lambda one: one.level != "unknown"),
    )


def first_ms(since_ns: int, risks: Sequence[HeardRisk], so: Callable[[HeardRisk], bool]) -> float:
    """nan when there is none."""
    return next(((one.heard_ns - since_ns) * 1e-6 for one in risks if so(one)), math.nan)


def run(
    source: str, preset: str, device: str, seconds: float, common: Parameters
) -> dict[str, Any]:
    """Every way in turn.  Raises BadInput."""
    arguments = {"preset": preset, "device": device, "log_level": "warn"}
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, way in WAYS.items():
            print(f"{name}: {way.about} ...", file=sys.stderr, flush=True)
            both = {
                node: {**common.get(node, {}), **way.parameters.get(node, {})}
                for node in {*common, *way.parameters}
            }
            told = replace(way, parameters=both)
            found[name] = measure(told, source, arguments, seconds, Path(folder))
    return {
        "ways": found,
        "explanation_cost": cost(found, "explained"),
        "explanation_and_overlay_cost": cost(found, "drawn"),
    }


def cost(ways: Mapping[str, Any], name: str) -> float:
    """Share of the throughput at rung FULL that it takes."""
    return float(1 - ways[name]["full_stack_fps"] / ways["full"]["full_stack_fps"])


def parameters_of(file: Path) -> Parameters:
    """Of a parameter file as in config/.  Raises BadInput."""
    try:
        told = yaml.safe_load(file.read_text())
        return {
            node.rpartition("/")[2]: dict(values["ros__parameters"])
            for node, values in told.items()
        }
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput("--params-file", file, "no parameter file; see config/") from error


def plain(value: Any) -> Any:
    """For JSON: what is not known is null."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("source")
    asked.add_argument("--preset", default="edge")
    asked.add_argument("--device", default="auto")
    asked.add_argument("--seconds", type=float, default=20.0)
    asked.add_argument("--params-file", type=Path, help="of parameters that all ways have")
    given = asked.parse_args()
    own_domain()
    rclpy.init()
    try:
        common = parameters_of(given.params_file) if given.params_file else {}
        ways = run(given.source, given.preset, given.device, given.seconds, common)
        print(json.dumps(plain(ways), allow_nan=False))
    except BadInput as error:
        print(f"road_clarity: {error}", file=sys.stderr)
        return 2
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
