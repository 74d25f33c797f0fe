"""python -m road_clarity.nodes.soak --minutes 15 --seed 0

Exit code 1 when a promise was broken, 2 for bad input.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from road_clarity.models.errors import BadInput
from road_clarity.nodes.soak.drive import Course, Soak
from road_clarity.nodes.soak.faults import NAMES, chosen, planned
from road_clarity.nodes.soak.verdict import Promise, promises


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak", description="random faults at full rate")
    parser.add_argument("--minutes", type=float, default=15.0, help="how long [min]")
    parser.add_argument("--seed", type=int, default=0, help="which faults when")
    parser.add_argument("--source", default="", help="video to show; empty: a drawn street")
    parser.add_argument("--preset", default="edge", help="which networks: edge, paper or tiny")
    parser.add_argument("--rate", type=float, default=30.0, help="images per second [1/s]")
    parser.add_argument("--domain", type=int, default=87, help="ROS_DOMAIN_ID of its own")
    parser.add_argument("--faults", nargs="*", default=[], help=f"some of: {', '.join(NAMES)}")
    parser.add_argument("--folder", type=Path, help="where log and evidence stay; else they go")
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    given = arguments(words)
    os.environ["ROS_DOMAIN_ID"] = str(given.domain)
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    try:
        with TemporaryDirectory(prefix="soak") as spare:
            folder = given.folder or Path(spare)
            folder.mkdir(parents=True, exist_ok=True)
            return soak(given, folder)
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2


def soak(given: argparse.Namespace, folder: Path) -> int:
    seconds = given.minutes * 60
    plan = planned(chosen(given.faults), given.seed, seconds)
    course = Soak(folder, given.source, given.preset, given.rate).run(plan, seconds, say)
    write_risks(course, folder / "risks.jsonl")
    write_memory(course, folder / "memory.jsonl")
    found = promises(course)
    levels = [one.level for one in course.listener.risks if one.at_s >= course.began_s]
    shares = {level: round(levels.count(level) / len(levels), 3) for level in sorted(set(levels))}
    told = {
        "settings": {key: str(value) for key, value in vars(given).items()},
        "kept": all(not one.broken for one in found),
        "levels": shares,
        "risks per second": round(len(levels) / seconds, 1),
        "codes": dict(Counter(code for one in course.listener.risks for code in one.codes)),
        "machine stood still [s]": round(sum(to - since for since, to in course.camera.stalls), 1),
        "promises": {one.name: {"broken": one.broken, **one.figures} for one in found},
    }
    if given.json:
        given.json.write_text(json.dumps(told, indent=2) + "\n")
    print(text_of(told, found))
    return 0 if told["kept"] else 1


def write_risks(course: Course, path: Path) -> None:
    """One line for each: what was said, and when since the soak began [s]."""
    with path.open("w") as file:
        for one in course.listener.risks:
            at_s = round(one.at_s - course.began_s, 3)
            row = (at_s, one.sent_s, one.stamp_ns, one.level, sorted(one.codes))
            file.write(json.dumps(row) + "\n")


def write_memory(course: Course, path: Path) -> None:
    rows = [
        (round(m.at_s - course.began_s, 1), m.name, m.pid, m.own_mb, m.shared_mb)
        for m in course.fleet.memory
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def text_of(told: dict[str, Any], found: Sequence[Promise]) -> str:
    lines = [f"{'kept' if told['kept'] else 'BROKEN'}: levels {told['levels']}"]
    for one in found:
        lines.append(f"{'broken' if one.broken else 'kept  '}  {one.name}")
        lines += [f"          {text}" for text in one.broken]
        lines += [
            f"        {key}: {value}" for key, value in one.figures.items() if key != "faults"
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
