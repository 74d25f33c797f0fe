"""Following targets with LoRAT: remember each once, then find all of them in one batch per frame.

The network looks at a template when its target is looked for first: most are gone before that.
H, W: size of the frame.  There is no template update, as published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from road_clarity.models.lorat import Lorat
from road_clarity.models.lorat_crop import (
    Region,
    around,
    best_token,
    clipped,
    cut,
    enlarged,
    foreground,
    hann_window,
    mean_colour,
    normalise,
)
from road_clarity.pipeline.answers import require_finite
from road_clarity.safety.scene import Box


@dataclass(eq=False)
class Template:
    """What is remembered of a target."""

    image: Tensor  # (3, t, t) normalised
    mask: Tensor  # (t / 14, t / 14) integers, 1 where the target is
    fill: Tensor  # (3,) mean colour of the frame it was seen in
    memory: Tensor | None = None  # what the network says of it, once it was asked


class Found(NamedTuple):
    """box is None where the best answer lies outside the frame."""

    box: Box | None
    confidence: float  # expected overlap with the target, 0..1


class LoratTracker:
    """The network with its crops; targets are the caller's."""

    def __init__(self, network: Lorat, device: str) -> None:
        self._network, self._device = network, device
        self._regions = network.regions
        self._window = hann_window(network.side).to(device)

    def remember(self, frame: Tensor, box: Box) -> Template:
        """frame: (H, W, 3) uint8"""
        side, box = self._regions.template_px, enlarged(box)
        fill = mean_colour(frame)
        region = cut(frame, around(box, self._regions.template_factor, side), side, fill)
        mask = foreground(region.affine.to_region(box), side)
        return Template(normalise(region.image[None])[0], mask, fill)

    @torch.inference_mode()
    def find(self, frame: Tensor, targets: Sequence[tuple[Template, Box]]) -> list[Found]:
        """frame: (H, W, 3) uint8      targets: what is looked for, and where it was last

        Raises ValueError when the network's answer is not finite.
        """
        if not targets:
            return []
        regions = [self._search(frame, *target) for target in targets]
        memories = self._memories([template for template, _ in targets])
        images = normalise(torch.stack([region.image for region in regions]))
        said = self._network.follow(memories, images.to(self._device))
        chosen, confidence = best_token(said.score_map, self._window)
        boxes = said.boxes.flatten(1, 2)[torch.arange(len(targets)), chosen]
        require_finite("tracker", confidence, boxes)
        return [
            Found(self._in_frame(region, box, frame), score)
            for region, box, score in zip(regions, boxes.tolist(), confidence.tolist(), strict=True)
        ]

    def question(
        self, frame: Tensor, template: Template, last: Box
    ) -> tuple[tuple[Tensor, ...], Box]:
        """What the network is asked about one target, and the search region in the frame [px]."""
        region, side = self._search(frame, template, last), float(self._regions.search_px)
        inputs = self._memories([template]), normalise(region.image[None]).to(self._device)
        return inputs, region.affine.to_frame((0, 0, side, side))

    def _memories(self, templates: Sequence[Template]) -> Tensor:
        """Of all of them; the network looks at those that it has not seen."""
        new = [one for one in templates if one.memory is None]
        if new:
            images = torch.stack([one.image for one in new]).to(self._device)
            masks = torch.stack([one.mask for one in new]).to(self._device)
            for one, memory in zip(new, self._network.remember(images, masks), strict=True):
                one.memory = memory
        return torch.stack([one.memory for one in templates if one.memory is not None])

    def _search(self, frame: Tensor, template: Template, last: Box) -> Region:
        side = self._regions.search_px
        wanted = around(enlarged(last), self._regions.search_factor, side)
        return cut(frame, wanted, side, template.fill)

    def _in_frame(self, region: Region, shares: list[float], frame: Tensor) -> Box | None:
        side = self._regions.search_px
        x0, y0, x1, y1 = (share * side for share in shares)
        box = region.affine.to_frame((x0, y0, x1, y1))
        return clipped(box, frame.shape[1], frame.shape[0])
