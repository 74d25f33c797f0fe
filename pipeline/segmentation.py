"""What is where: an FFNet looks at the whole frame, squeezed to the size it was trained at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from road_clarity.models.errors import BadInput
from road_clarity.models.ffnet import FFNet, normalise
from road_clarity.pipeline.answers import require_finite
from road_clarity.pipeline.backends.network import load
from road_clarity.pipeline.backends.runtime import RuntimeConfig
from road_clarity.pipeline.frame import Frame, resized
from road_clarity.safety.cityscapes import CAMVID_INDEX
from road_clarity.safety.pooled_features import pooled
from road_clarity.safety.scene import CLASSES, Box, Segmentation
from road_clarity.safety.segmentation_doubt import doubt, energy_map
from road_clarity.safety.settings import setting


@dataclass(frozen=True, kw_only=True)
class SegmentationConfig(RuntimeConfig):
    """Which network, and at what size it looks."""

    weights: str = setting("ffnet_edge", "weights of the segmentation network")
    width: int = setting(512, "a frame is squeezed to this width [px]", low=32)
    height: int = setting(256, "a frame is squeezed to this height [px]", low=32)


class SegmentationStage:
    """Frame in, Segmentation out.  Remembers nothing."""

    def __init__(self, config: SegmentationConfig, device: str) -> None:
        self._size = (config.width, config.height)
        classes = load(config.weights, FFNet, config, device, self._size)
        self.networks, self._network = (classes,), classes.network
        require_known(config.weights, classes.network.classes)
        self._device = device

    def reset(self) -> None:
        """There is nothing to forget."""

    @torch.inference_mode()
    def run(self, frame: Frame) -> Segmentation:
        logits, seen = self.networks[0].explain(self._image(frame))
        require_finite("segmentation", logits)
        classes = likeliest(logits, self._size)
        unsure = doubt(logits)
        return Segmentation(
            frame.stamp_ns,
            classes.cpu().numpy(),
            frame.size,
            features=pooled(seen)[0].cpu().numpy(),
            doubt=unsure.facts[0].cpu().numpy(),
            energy=unsure.energy[0].cpu().numpy(),
        )

    @torch.inference_mode()
    def energy(self, frame: Frame) -> Tensor:
        """The energy at the resolution of the logits: (h, w), on the CPU"""
        logits = self._network(self._image(frame))
        require_finite("segmentation", logits)
        return energy_map(logits)[0].cpu()

    @torch.inference_mode()
    def features(self, frame: Frame) -> tuple[Tensor, Box]:
        """(C, h, w) of the explained layer, and the part of the frame that they are of [px]."""
        _, seen = self.networks[0].explain(self._image(frame))
        return seen[0], (0.0, 0.0, *frame.size)

    @torch.inference_mode()
    def answer(self, frame: Frame) -> Tensor:
        """Which class is where, as probabilities: (D,)"""
        classes: Tensor = self._network(self._image(frame)).softmax(1).flatten()
        return classes

    def _image(self, frame: Frame) -> Tensor:
        """What the network is asked: (1, 3, H, W)"""
        squeezed = resized(frame.image, self._size)
        return normalise(torch.from_numpy(squeezed)[None].to(self._device))


def require_known(name: str, classes: int) -> None:
    """Raises BadInput for a network whose classes nobody here knows by name."""
    known = {"CamVid": len(CLASSES), "Cityscapes": len(CAMVID_INDEX)}
    if classes not in known.values():
        sets = " or ".join(f"the {count} of {data}" for data, count in known.items())
        raise BadInput("weights", name, f"tells {classes} classes; a scene needs {sets}")


def likeliest(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """(1, K, h, w) of CamVid's or Cityscapes' classes -> (H, W) uint8 index into CLASSES.

    size: W, H.  Edges are finer when the logits are enlarged before they are compared.
    """
    # With a pixel's classes side by side, which not every backend answers in, this takes a third.
    beside = logits.contiguous(memory_format=torch.channels_last)
    full = F.interpolate(beside, size[::-1], mode="bilinear", align_corners=False)
    best = full.argmax(dim=1)[0].to(torch.uint8)
    if logits.shape[1] == len(CLASSES):
        return best
    return torch.tensor(np.array(CAMVID_INDEX, np.uint8), device=best.device)[best.long()]
