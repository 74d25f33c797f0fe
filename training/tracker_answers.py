"""What a tracker says about a batch of pairs, on all tokens or on some, and how right that is.

B batch, N tokens of a region, K kept ones.
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

KEPT_TEMPLATE, KEPT_SEARCH = 36, 64  # tokens of 64 and 256 in thinned regions
CHECKED_AT_ONCE = 32  # pairs


class Answer(NamedTuple):
    """Of the tokens of the search region that were shown."""

    scores: Tensor  # (B, K) logits
    boxes: Tensor  # (B, K, 4) as shares of the search region
    shown: Tensor  # (B, K) which tokens they are


def whole(network: Lorat, pairs: Pair) -> Answer:
    """On all tokens, as the tracker is used."""
    return answer(network, pairs, everything(pairs.template_mask), everything(pairs.covered))


def thinned(network: Lorat, pairs: Pair) -> Answer:
    """On some tokens: all that show the target if they fit, and some of the rest."""
    inside = keep(pairs.template_mask.flatten(1).bool(), KEPT_TEMPLATE)
    return answer(network, pairs, inside, keep(pairs.covered, KEPT_SEARCH))


def answer(network: Lorat, pairs: Pair, inside: Tensor, shown: Tensor) -> Answer:
    """inside, shown: (B, K) which tokens of template and search region take part"""
    known = network.template_tokens(ready(pairs.template), pairs.template_mask)
    asked = network.search_tokens(ready(pairs.search))
    tokens = torch.cat([pick(known, inside), pick(asked, shown)], dim=1)
    seen = network.mix(tokens)[:, inside.shape[1] :]
    places = pick(network.places().expand(len(shown), -1, -1), shown)
    with torch.autocast(seen.device.type, enabled=False):  # boxes need more than three digits
        scores, boxes = network.head(seen.float(), places)
    return Answer(scores, boxes, shown)


def loss(answer: Answer, pairs: Pair) -> Tensor:
    """The published one; a token that was kept also speaks for those that were left out."""
    covered = pairs.covered.gather(1, answer.shown)
    speaks_for = (~pairs.covered).sum(1, keepdim=True) / (~covered).sum(1, keepdim=True).clamp(1)
    weight = torch.where(covered, 1.0, speaks_for)
    return tracker_loss(answer.scores, answer.boxes, pairs.box, covered, weight)


def everything(tokens: Tensor) -> Tensor:
    """(B, ...) -> (B, N) the indices of all tokens"""
    return torch.arange(tokens[0].numel(), device=tokens.device).expand(len(tokens), -1)


def keep(wanted: Tensor, count: int) -> Tensor:
    """(B, N) bool -> (B, count) random indices, wanted ones first"""
    order = torch.rand(wanted.shape).to(wanted.device) - wanted.float()
    return order.argsort(dim=1)[:, :count]


def pick(tokens: Tensor, index: Tensor) -> Tensor:
    """(B, N, D), (B, K) -> (B, K, D)"""
    return tokens.gather(1, index[:, :, None].expand(-1, -1, tokens.shape[-1]))


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
