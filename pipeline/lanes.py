"""Which lines bound the lanes: an SCNN looks at the frame, its maps become lines in the frame.

The network sees the whole frame, squeezed to its input size, whatever the camera's size and aspect:
training moved the horizon and the aspect about for that.  Only a camera that shows mostly sky or
bonnet gains from `top` and `bottom`, which cut those away first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from road_clarity.models.lane_decoding import DecodedLane, View, decode
from road_clarity.models.scnn import LaneHeads
from road_clarity.pipeline.answers import require_finite
from road_clarity.pipeline.backends.network import load
from road_clarity.pipeline.backends.runtime import AUTO, TORCH, RuntimeConfig
from road_clarity.pipeline.compiled_passes import use_compiled_passes
from road_clarity.pipeline.frame import Frame, resized
from road_clarity.safety.pooled_features import pooled
from road_clarity.safety.scene import Box, Lane, Lanes
from road_clarity.safety.settings import setting


@dataclass(frozen=True, kw_only=True)
class LaneConfig(RuntimeConfig):
    """Which network, what it sees of a frame, and when it is believed."""

    weights: str = setting("scnn_edge", "weights of the lane network")
    top: float = setting(0.0, "share of the frame cut off above [1]", low=0.0, high=0.6)
    bottom: float = setting(0.0, "share of the frame cut off below [1]", low=0.0, high=0.3)
    existence: float = setting(0.5, "probability above which a line is there", low=0.0, high=1.0)
    point: float = setting(0.3, "probability above which a row shows its line", low=0.05, high=1.0)
    confidence: float = setting(0.4, "confidence below which a line is dropped", low=0.0, high=1.0)
    message_passing: str = setting(
        "torch",
        "what passes the messages in backend torch: torch, or compiled, which wants a C++ compiler",
        among=("torch", "compiled"),
    )


class LaneStage:
    """Frame in, Lanes out.  Remembers nothing."""

    def __init__(self, config: LaneConfig, device: str) -> None:
        compiled = config.message_passing == "compiled"
        runtime = replace(config, backend=TORCH) if compiled and config.backend == AUTO else config
        lanes = load(config.weights, LaneHeads, runtime, device)
        if compiled:
            use_compiled_passes(lanes)
        self.networks, self._network = (lanes,), lanes.network
        self._config, self._device = config, device

    def reset(self) -> None:
        """There is nothing to forget."""

    @torch.inference_mode()
    def run(self, frame: Frame) -> Lanes:
        view = self.view(frame.size)
        maps, seen = self.networks[0].explain(self._image(frame, view))
        require_finite("lane", maps.logits, maps.existence)
        lanes = decode(
            maps.logits[0],
            maps.existence[0],
            view,
            point_threshold=self._config.point,
            existence_threshold=self._config.existence,
            least_confidence=self._config.confidence,
        )
        found = tuple(as_lane(lane, frame.size) for lane in lanes)
        return Lanes(frame.stamp_ns, found, pooled(seen)[0].cpu().numpy())

    @torch.inference_mode()
    def features(self, frame: Frame) -> tuple[Tensor, Box]:
        """(C, h, w) of the explained layer, and the part of the frame that they are of [px]."""
        view = self.view(frame.size)
        _, seen = self.networks[0].explain(self._image(frame, view))
        return seen[0], view.crop

    @torch.inference_mode()
    def answer(self, frame: Frame) -> Tensor:
        """Which line is where, as probabilities: (D,)"""
        maps = self._network(self._image(frame, self.view(frame.size)))
        return torch.cat([maps.logits.softmax(1).flatten(), maps.existence.flatten()])

    def _image(self, frame: Frame, view: View) -> Tensor:
        """What the network is asked: (1, 3, H, W)"""
        _, top, _, bottom = (round(edge) for edge in view.crop)
        seen = resized(frame.image[top:bottom], view.network)
        image: Tensor = self._network.prepare(torch.from_numpy(seen)[None].to(self._device))
        return image

    def view(self, size: tuple[int, int]) -> View:
        """What the network sees of a frame of that size (width, height)."""
        width, height = size
        rows, columns = self._network.input_size
        top, bottom = round(height * self._config.top), round(height * (1 - self._config.bottom))
        return View(size, (0, top, width, bottom), (columns, rows))


def as_lane(lane: DecodedLane, size: tuple[int, int]) -> Lane:
    """The lane as plain numbers, kept inside the frame."""
    inside = lane.points.clip((0, 0), (size[0] - 1, size[1] - 1)).round(2)
    return Lane(lane.id, tuple((x, y) for x, y in inside.tolist()), round(lane.confidence, 4))
