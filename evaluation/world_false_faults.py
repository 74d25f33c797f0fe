"""How often a healthy network is called faulty on recordings, by the calm layers that ship with it.

Whoever asks about a frame asks about its worst place, so that is what is asked about here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import torch

from road_clarity.evaluation.tally import Tally
from road_clarity.evaluation.world_clip import WorldClip
from road_clarity.evaluation.world_horizon import number
from road_clarity.evaluation.world_pairs import Pair
from road_clarity.safety.anomaly import error_map
from road_clarity.safety.error_region import error_region
from road_clarity.safety.explanation import explain

APART = 5  # frames from one that is asked about to the next


class FalseFaults:
    """Collects clip after clip, for every pair whose autoencoder has calm layers."""

    def __init__(self, pairs: Mapping[str, Pair]) -> None:
        self._pairs = {kind: pair for kind, pair in pairs.items() if pair.calm is not None}
        self._tallies: defaultdict[str, Tally] = defaultdict(Tally)

    @torch.no_grad()
    def add(self, clip: WorldClip) -> None:
        for x in clip.x[::APART].split(1):
            for kind, pair in self._pairs.items():
                net = pair.autoencoder
                worst = error_region(error_map(x, net.reconstruct(x))[0].numpy(), clip.size)
                boxes = [] if worst is None else [worst]
                fault = explain(net, x, boxes, clip.size, pair.calm).fault
                self._tallies[kind].add(clip.group, [float(fault is not None)])

    def summary(self) -> dict[str, float | None]:
        """Share of frames, by network."""
        return {kind: number(self._tallies[kind]) for kind in self._pairs}
