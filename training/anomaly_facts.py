"""What the pipeline's networks say about a frame: what scorers of unknown scenes learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from road_clarity.models.cards import Card
from road_clarity.models.explained_layer import explain
from road_clarity.models.ffnet import normalise
from road_clarity.models.registry import build
from road_clarity.models.scene_novelty import Facts
from road_clarity.safety import anomaly
from road_clarity.safety.frame_statistics import frame_statistics
from road_clarity.safety.pooled_features import pooled
from road_clarity.safety.resizing import resized
from road_clarity.safety.segmentation_doubt import doubt
from road_clarity.training.picture import Image
from road_clarity.training.start_file import read_start
from road_clarity.training.world_clips import shrink

NETWORKS = ("scnn_edge", "ffnet_edge", "vae_edge")
SEGMENTATION_SIZE = (512, 256)  # (width, height) at which FFNet looks [px]


class Looker:
    """The three networks, as they ship."""

    def __init__(self, folder: Path) -> None:
        """folder: of weights and their cards.  Raises BadInput."""
        self._lanes, self._classes, self._world = (shipped(folder, name) for name in NETWORKS)

    @torch.inference_mode()
    def facts(self, image: Image) -> Facts:
        """Of one frame, (1, ...) each."""
        rows, columns = self._lanes.input_size
        seen = torch.from_numpy(resized(image, (columns, rows)))[None]
        _, lane_map = explain(self._lanes, self._lanes.prepare(seen))
        squeezed = torch.from_numpy(resized(image, SEGMENTATION_SIZE))[None]
        logits, class_map = explain(self._classes, normalise(squeezed))
        small = torch.from_numpy(shrink(image, self._world.side))
        look = anomaly.look(self._world, small.permute(2, 0, 1)[None].float() / 255)
        return Facts(
            lane=pooled(lane_map),
            segmentation=pooled(class_map),
            doubt=doubt(logits).facts,
            statistics=torch.from_numpy(frame_statistics(image))[None],
            world=look.scores,
        )

    def all(self, images: list[Image]) -> Facts:
        """(B, ...) each"""
        return together([self.facts(image) for image in images])


def made_for(folder: Path) -> str:
    """The identities of NETWORKS.  Raises BadInput."""
    return ", ".join(card_of(folder, name).identity for name in NETWORKS)


def card_of(folder: Path, name: str) -> Card:
    return Card.parse((folder / f"{name}.md").read_text(), name)


def shipped(folder: Path, name: str) -> Any:
    """The network in eval mode.  Raises BadInput."""
    card = card_of(folder, name)
    network: nn.Module = build(card.architecture)
    state = read_start(folder / f"{name}.safetensors")
    network.load_state_dict({key: as_float(value) for key, value in state.items()})
    return network.eval()


def as_float(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def together(some: list[Facts]) -> Facts:
    return Facts(*(torch.cat(parts) for parts in zip(*some, strict=True)))
