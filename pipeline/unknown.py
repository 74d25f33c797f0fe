"""Is this a scene that anybody here knows?  Scorers over what the other stages have computed.

No network of its own but a small head: it costs a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.models.scene_novelty import (
    COMBINED,
    DOUBT,
    LANE,
    SEGMENTATION,
    WORLD,
    Facts,
    SceneNovelty,
)
from road_clarity.pipeline.backends.runtime import FP32, Runtime
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.weights import load
from road_clarity.safety.frame_statistics import frame_statistics
from road_clarity.safety.scene import Lanes, Segmentation, Unknown, World
from road_clarity.safety.settings import Checked, setting


@dataclass(frozen=True, kw_only=True)
class UnknownConfig(Checked):
    """What the scorers were calibrated on."""

    weights: str = setting("anomaly_edge", "calm of the scorers of unknown scenes; '' for none")


class UnknownStage:
    """A frame and what was made of it in, Unknown out.  Remembers nothing."""

    def __init__(self, config: UnknownConfig) -> None:
        network, card = load(config.weights)
        if not isinstance(network, SceneNovelty):
            raise BadInput("unknown.weights", config.weights, f"are of {card.architecture}; it "
                           "must be a scene_novelty, such as anomaly_edge")  # fmt: skip
        self._novelty, self.card = network, card
        self.calibration_id = network.calibration_id()

    @property
    def runtime(self) -> Runtime:
        """The head is small and stays in torch on the CPU, whatever runs the networks."""
        return Runtime("torch", torch.__version__, FP32, "cpu")

    @property
    def networks(self) -> tuple[UnknownStage]:
        """What is named in diagnostics and evidence: the head itself."""
        return (self,)

    def reset(self) -> None:
        """There is nothing to forget."""

    def knows(self, cards: Iterable[Card]) -> bool:
        """Whether its calm is that of the networks with these very weights."""
        return set(self.card.made_for.split(", ")) <= {card.identity for card in cards}

    @torch.inference_mode()
    def run(
        self, frame: Frame, lanes: Lanes | None, classes: Segmentation | None, world: World | None
    ) -> Unknown:
        return self.judge(frame.stamp_ns, self.scores(frame, lanes, classes, world))

    def scores(
        self, frame: Frame, lanes: Lanes | None, classes: Segmentation | None, world: World | None
    ) -> Tensor:
        """(1, 7) of SceneNovelty, in the order of its SCORERS"""
        return self._novelty.scores(facts(frame, lanes, classes, world))

    @torch.inference_mode()
    def judge(self, stamp_ns: int, scores: Tensor) -> Unknown:
        """scores: (1, 7) of SceneNovelty"""
        shares = self._novelty.p_values(scores)
        together = shares.pop(COMBINED)
        score = float(self._novelty.combine(scores))
        return Unknown(stamp_ns, score, together, shares, self.calibration_id)


def facts(
    frame: Frame, lanes: Lanes | None, classes: Segmentation | None, world: World | None
) -> Facts:
    """Of one frame; nan where a part is missing or says nothing."""
    return Facts(
        lane=known(lanes.features if lanes else None, LANE),
        segmentation=known(classes.features if classes else None, SEGMENTATION),
        doubt=known(classes.doubt if classes else None, DOUBT),
        statistics=torch.from_numpy(frame_statistics(frame.image))[None],
        world=known(np.array(world.scores, np.float32) if world else None, WORLD),
    )


def known(part: NDArray[np.float32] | None, size: int) -> Tensor:
    """(1, size); nan for what is missing.  Raises BadInput for facts of another network."""
    if part is None or not len(part):
        return torch.full((1, size), torch.nan)
    if len(part) != size:
        raise BadInput("facts", len(part), f"the scorers know {size}; set unknown.weights=''")
    return torch.from_numpy(part)[None]
