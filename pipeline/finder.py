"""Who is there: FastestDet looks at the whole frame, squeezed to the size its weights learnt at."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from road_clarity.models.detections import detections
from road_clarity.models.fastest_det import FastestDet
from road_clarity.pipeline.answers import require_finite
from road_clarity.pipeline.frame import Frame, resized
from road_clarity.safety.scene import Box
from road_clarity.safety.settings import Checked, setting


@dataclass(frozen=True, kw_only=True)
class FinderConfig(Checked):
    """Which detector, and what it must be sure of."""

    finder: str = setting("fastest_det_edge", "weights of the detector that begins tracks")
    finder_score: float = setting(
        0.5, "score from which the detector's box keeps a track going", low=0.05, high=1.0
    )
    min_height: float = setting(
        0.03, "smallest height of an object [share of the image height]", low=0.0, high=1.0
    )


@dataclass(frozen=True)
class Candidate:
    """A person or vehicle that the detector sees.  box in pixels of the source image."""

    label: str  # 'person' or 'vehicle'
    box: Box
    score: float  # 0..1


class Finder:
    """Frame in, candidates out.  Remembers nothing."""

    def __init__(self, network: FastestDet, config: FinderConfig, device: str) -> None:
        self._network, self._config, self._device = network, config, device

    @torch.inference_mode()
    def find(self, frame: Frame) -> list[Candidate]:
        """The surest first.  Raises ValueError when the network's answer is not finite."""
        cells = self._network(self._input(frame))
        require_finite("finder", *cells)
        width, height = frame.size
        found = []
        for label, box, score in detections(cells, self._config.finder_score)[0]:
            x0, x1 = (min(max(x, 0.0), 1.0) * width for x in (box[0], box[2]))
            y0, y1 = (min(max(y, 0.0), 1.0) * height for y in (box[1], box[3]))
            if y1 - y0 >= self._config.min_height * height and x1 - x0 >= 1.0:
                found.append(Candidate(label, (x0, y0, x1, y1), score))
        return found

    def _input(self, frame: Frame) -> Tensor:
        """(1, 3, H, W) BGR in [0, 1]"""
        height, width = self._network.input_size
        squeezed = torch.from_numpy(resized(frame.image, (width, height))).to(self._device)
        return squeezed.flip(-1).permute(2, 0, 1)[None].float() / 255
