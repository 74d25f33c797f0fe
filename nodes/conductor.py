"""Conducts the networks of the process: rounds, the degradation ladder, and word of both.

What is done at each rung: pipeline.rounds and TURNS.  When a rung is left: safety.ladder.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rclpy.lifecycle import LifecycleNode
from road_clarity_msgs import msg

from road_clarity.nodes.qos import RESULT
from road_clarity.nodes.stage_node import Sight, StageNode
from road_clarity.pipeline.rounds import Rounds
from road_clarity.safety.ladder import LadderConfig, LoadLadder, Rung

LONGEST_ROUND_S = 0.3  # for which a network that does not answer holds up the others
# At a reduced rate who is on the road is looked for in every round, the rest by turns.
TURNS = (("tracks", "lanes"), ("tracks", "segmentation", "world"))


class Conductor:
    """Frames in, rounds of the networks out; `rung` may be asked by any thread."""

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._networks: Sequence[StageNode] = ()
        self._last: Sequence[StageNode] = ()
        self._ladder = LoadLadder(LadderConfig())
        self._rounds = self._new_rounds()
        self._turn = 0
        self.hearers: list[Callable[[Rung], None]] = []  # of the rung, after every round
        self._announced = node.create_lifecycle_publisher(msg.Round, "~/out/rounds", RESULT)

    def lead(self, networks: Sequence[StageNode], last: Sequence[StageNode]) -> None:
        """last: those that need the answers of the others; they look when these are through"""
        self._networks, self._last = networks, last
        for network in (*networks, *last):
            network.listeners.append(partial(self._through, network.part))

    def open(self, config: LadderConfig) -> None:
        """Begin anew."""
        self._ladder, self._rounds = LoadLadder(config), self._new_rounds()
        self._tell_rung()

    @property
    def rung(self) -> Rung:
        return self._ladder.rung

    def offer(self, sight: Sight) -> None:
        """A new frame is there.  Never waits."""
        self._rounds.offer(sight)

    def values(self) -> dict[str, str]:
        """For the diagnostics."""
        return {"rung": self.rung.name, "images without a round": str(self._rounds.skipped)}

    def _new_rounds(self) -> Rounds[Sight]:
        return Rounds([self._first, self._second], self._ended, LONGEST_ROUND_S)

    def _through(self, part: str, sight: Sight, answer: Any) -> None:
        self._rounds.through(part, sight)

    def _first(self, sight: Sight) -> list[str]:
        chosen: Sequence[StageNode] = self._networks
        if self.rung <= Rung.REDUCED_RATE:
            self._turn = (self._turn + 1) % len(TURNS)
            chosen = [one for one in self._networks if one.part in TURNS[self._turn]]
        ready = [one.part for one in (*chosen, *self._last) if one.is_ready]
        # Before anybody can answer.
        self._announced.publish(msg.Round(header=sight.header, parts=ready, rung=self.rung))
        return [one.part for one in chosen if one.offer(sight)]

    def _second(self, sight: Sight) -> list[str]:
        return [one.part for one in self._last if one.offer(sight)]

    def _ended(self, sight: Sight, complete: bool) -> None:
        now_ns = self._node.get_clock().now().nanoseconds
        age_s = (now_ns - sight.frame.stamp_ns) * 1e-9 if complete else math.inf
        before = self.rung
        self._ladder.see(time.monotonic(), age_s)
        if self.rung != before:
            self._node.get_logger().warning(f"load: {before.name} -> {self.rung.name}")
            self._tell_rung()

    def _tell_rung(self) -> None:
        for hear in self.hearers:
            hear(self.rung)
