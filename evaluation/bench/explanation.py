"""What explanations while driving cost in time of the processor, which neighbours hardly change.

python -m road_clarity.evaluation.bench.explanation SOURCE   prints JSON, times in ms
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from time import thread_time
from typing import TypeVar

import torch

from road_clarity.evaluation.bench.rounds import Times
from road_clarity.evaluation.sources import open_source
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.explained_pair import found_pair
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.live_explanation import ExplainerConfig, LiveExplanation
from road_clarity.pipeline.world import WorldConfig, WorldStage
from road_clarity.pipeline.world_account import WorldPair
from road_clarity.safety.foresight import PRIMED
from road_clarity.safety.scene import Box, Reason, Risk

Answer = TypeVar("Answer")

# Regions as reasons have them [image widths and heights].
PLACES = ((0.1, 0.4, 0.3, 0.7), (0.4, 0.4, 0.6, 0.7), (0.7, 0.4, 0.9, 0.7))
ASKED = (0, 1, 3)  # regions; of none, the strangest spot is looked into


def explanation_times(
    stage: WorldStage, pair: WorldPair, frames: Iterable[Frame]
) -> dict[str, Times]:
    """Every frame is flagged and explained [ms].  Raises BadInput for too few frames."""
    taken: dict[str, list[float]] = {"world": [], **{f"explained {n}": [] for n in ASKED}}
    lives = {n: LiveExplanation(ExplainerConfig(rate=30.0)) for n in ASKED}
    for count, frame in enumerate(frames):
        world, seeing_ms = timed(partial(stage.run, frame))
        taken["world"].append(seeing_ms)
        for regions, live in lives.items():
            live.see(frame, world)
            asked = live.question(flagged(frame, PLACES[:regions]), now_s=float(count))
            if asked is not None and count > PRIMED:
                _, took_ms = timed(partial(live.answer, pair, asked))
                taken[f"explained {regions}"].append(took_ms)
    if not taken["explained 1"]:
        raise BadInput("source", "too short", f"give more than {PRIMED + 1} frames")
    return {name: Times.of(row) for name, row in taken.items()}


def flagged(frame: Frame, places: Sequence[Box]) -> Risk:
    width, height = frame.size
    boxes = [(x0 * width, y0 * height, x1 * width, y1 * height) for x0, y0, x1, y1 in places]
    reasons = tuple(Reason("corridor.person", 0.2, box, "made up") for box in boxes)
    return Risk(frame.stamp_ns, 0.6, "high", reasons)


def timed(work: Callable[[], Answer]) -> tuple[Answer, float]:
    """What work answers, and the time of the processor that it took [ms]."""
    started = thread_time()
    answer = work()
    return answer, (thread_time() - started) * 1e3


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("source", type=Path)
    asked.add_argument("--vae", default=WorldConfig().vae)
    asked.add_argument("--lstm", default=WorldConfig().lstm)
    asked.add_argument("--frames", type=int, default=100)
    given = asked.parse_args()
    torch.set_num_threads(1)  # so that all of the time is this thread's
    try:
        stage = WorldStage(WorldConfig(vae=given.vae, lstm=given.lstm), "cpu")
        frames = open_source(given.source, max_frames=given.frames).frames
        found = explanation_times(stage, found_pair(*stage.networks), frames)
    except BadInput as error:
        print(f"road_clarity: {error}", file=sys.stderr)
        return 2
    print(json.dumps({name: asdict(times) for name, times in found.items()}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
