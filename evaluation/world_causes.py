"""Is the planted cause found at the right layer, and at the right place?

The right layer: the explanation names the cause that was planted and, where trouble has a layer of
its own, that layer.  The right place: the point where most error has come up since the frame before
lies in the planted object; `pointing_single_frame` takes the largest error of the frame alone.
`false_fault`: share of healthy networks that are called faulty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from road_clarity.evaluation.tally import Tally
from road_clarity.evaluation.world_clip import WorldClip
from road_clarity.evaluation.world_horizon import interval, number
from road_clarity.evaluation.world_planted import KINDS, Planted, planted
from road_clarity.models.autoencoder import Autoencoder
from road_clarity.safety.calm_layers import CalmLayers, calm_layers
from road_clarity.safety.error_onset import onset_map
from road_clarity.safety.error_place import worst_point
from road_clarity.safety.explanation import explain
from road_clarity.safety.scene import Box

FIGURES = ("cause_layer", "pointing", "pointing_single_frame")
NEAR_PX = 2  # of 64: the pointing game allows 3 % (Zhang et al. 2018, section 4.1)
SHARES = (1 / 3, 2 / 3)  # of a clip, at which its frames are taken


class CauseScores:
    """Collects clip after clip, for every network that has layers to explain."""

    def __init__(self, networks: Mapping[str, Autoencoder], calm: Iterable[WorldClip]) -> None:
        """calm: clips from which the healthy networks learn what is usual"""
        clips = list(calm)
        self._networks = networks
        self._calm = {kind: usual(network, clips) for kind, network in networks.items()}
        self._tallies = {name: defaultdict[tuple[str, str], Tally](Tally) for name in FIGURES}
        self._false: defaultdict[str, Tally] = defaultdict(Tally)
        self._frames = 0

    @torch.no_grad()
    def add(self, clip: WorldClip) -> None:
        x = clip.x
        for t in (int(share * len(x)) for share in SHARES):
            before, now, boxes = x[t - 1 : t], x[t : t + 1], list(clip.boxes[t])
            for kind, network in self._networks.items():
                healthy = explain(network, now, boxes, clip.size, self._calm[kind])
                self._false[kind].add(clip.group, [float(healthy.fault is not None)])
                for one in planted(network, now, boxes, clip.size, self._frames):
                    self._judge((kind, one.kind), one, before, clip.group)
            self._frames += 1

    def _judge(self, which: tuple[str, str], one: Planted, before: Tensor, group: str) -> None:
        told = explain(one.network, one.x, one.boxes, one.size, self._calm[which[0]])
        if one.cause is not None:
            first = told.regions[0]
            right = first.cause is one.cause and one.layer in (None, first.layer)
            self._tallies["cause_layer"][which].add(group, [float(right)])
        if one.placed:
            places = {
                "pointing": onset_map(one.network, before, one.x),
                "pointing_single_frame": told.error_map,
            }
            for name, error in places.items():
                hit = hits(worst_point(error), one.boxes[0])
                self._tallies[name][which].add(group, [float(hit)])

    def summary(self) -> dict[str, object]:
        """Over all networks and kinds, then each."""
        totals = {name: pooled(tallies.values()) for name, tallies in self._tallies.items()}
        return {
            **{name: number(total) for name, total in totals.items()},
            **{f"{name}_95": interval(total) for name, total in totals.items()},
            "false_fault": {network: number(self._false[network]) for network in self._networks},
            "causes": {network: self._of(network) for network in self._networks},
        }

    def _of(self, network: str) -> dict[str, dict[str, object]]:
        """The figures of every kind that was planted there."""
        found: dict[str, dict[str, object]] = {kind: {} for kind in KINDS}
        for name, tallies in self._tallies.items():
            for (where, kind), tally in tallies.items():
                if where == network:
                    found[kind] |= {"planted": tally.count, name: number(tally)}
        return {kind: figures for kind, figures in found.items() if figures}


def usual(network: Autoencoder, clips: list[WorldClip]) -> CalmLayers:
    """From all frames with road users."""
    frames = torch.cat([clip.x for clip in clips])
    boxes = [list(seen) for clip in clips for seen in clip.boxes]
    occupied = [index for index, seen in enumerate(boxes) if seen]
    return calm_layers(
        network, frames[occupied], [boxes[index] for index in occupied], clips[0].size
    )


def pooled(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.take(tally)
    return total


def hits(point: tuple[int, int], box: Box) -> bool:
    """point: (column, row) of a pixel; near enough is in the box"""
    x, y = (place + 0.5 for place in point)
    wide = box[0] - NEAR_PX, box[1] - NEAR_PX, box[2] + NEAR_PX, box[3] + NEAR_PX
    return wide[0] < x < wide[2] and wide[1] < y < wide[3]
