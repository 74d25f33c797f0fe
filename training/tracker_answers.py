"""What a tracker says about a batch of pairs, and how right that is.

B batch, N tokens of the search region.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import default_collate

from road_clarity.models.lorat import Lorat, Regions
from road_clarity.models.lorat_crop import best_token, normalise
from road_clarity.training.tracker_loss import ious, tracker_loss
from road_clarity.training.tracking_pairs import Mixture, Pair

CHECKED_AT_ONCE = 32  # pairs


class Answer(NamedTuple):
    scores: Tensor  # (B, N) logits
    boxes: Tensor  # (B, N, 4) as shares of the search region


def answer(network: Lorat, pairs: Pair) -> Answer:
    """What every token of the search region says."""
    memory = network.remember(ready(pairs.template), pairs.template_mask)
    seen = network.seen(memory, ready(pairs.search))
    with torch.autocast(seen.device.type, enabled=False):  # boxes need more than three digits
        scores, boxes = network.head(seen.float(), network.places())
    return Answer(scores, boxes)


def loss(answer: Answer, pairs: Pair) -> Tensor:
    """The published one."""
    return tracker_loss(answer.scores, answer.boxes, pairs.box, pairs.covered)


def ready(images: Tensor) -> Tensor:
    """(B, H, W, 3) uint8 -> what the network takes"""
    return normalise(images.permute(0, 3, 1, 2) / 255)


def check_pairs(mixture: Mixture, regions: Regions, count: int) -> list[Pair]:
    """Batches of held-out pairs, always the same."""
    rng = np.random.default_rng(0)
    pairs = [mixture.draw(regions, rng) for _ in range(count)]
    return [
        default_collate(pairs[at : at + CHECKED_AT_ONCE]) for at in range(0, count, CHECKED_AT_ONCE)
    ]


def overlap(network: Lorat, batches: Sequence[Pair]) -> float:
    """Mean IoU of the chosen boxes with the targets, without knowing where they were."""
    device, found = network.pos_embed.device, []
    for batch in batches:
        pairs = Pair(*(part.to(device) for part in batch))
        said = network(ready(pairs.template), ready(pairs.search), pairs.template_mask)
        nowhere = torch.zeros(network.side, network.side, device=device)
        chosen, _ = best_token(said.score_map, nowhere)
        boxes = said.boxes.flatten(1, 2)[torch.arange(len(chosen), device=device), chosen]
        found.append(ious(boxes, pairs.box)[0])
    return float(torch.cat(found).mean())
