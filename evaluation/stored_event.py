"""An event's bundle as a recording: its frames up to the peak, and which weights judged it.

Everything comes from the bundle, so it can be explained long after the recording is gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.evidence.bundle import Damaged, read_part, verify
from road_clarity.pipeline.evidence.clip import READ_ERRORS, read_clip
from road_clarity.pipeline.evidence.event import CLIP_MCAP, FRAME_PNG, PROVENANCE, Event, read_event
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.frame_row import Row
from road_clarity.pipeline.weights import read_card

DEFAULT_MODEL = "vae_edge"


@dataclass(frozen=True)
class StoredEvent:
    folder: Path
    event: Event
    bundle_id: str
    provenance: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> StoredEvent:
        """Raises BadInput unless every file is what was stored."""
        try:
            bundle_id = verify(folder)
            provenance = json.loads(read_part(folder, PROVENANCE))
            return cls(folder, read_event(folder), bundle_id, provenance)
        except (Damaged, ValueError, TypeError) as error:
            raise BadInput(
                "event", folder, f"is damaged: {error}; take it from a copy, or replay again"
            ) from error

    @property
    def world_model(self) -> str:
        """The name of the weights of the autoencoder that judged it."""
        world = self.provenance["parameters"].get("world", {})
        return str(world.get("vae", DEFAULT_MODEL))

    def frames(self) -> Iterator[Frame]:
        """Up to the peak, which comes last and in the camera's own pixels.  Raises BadInput."""
        peak_ns = self.event.peak_ns
        try:
            for kept in read_clip(self.folder / CLIP_MCAP):
                if kept.stamp_ns >= peak_ns:
                    break
                if kept.jpeg is not None and kept.row is not None:
                    yield Frame(kept.row["index"], kept.stamp_ns, unpacked(kept.jpeg))
            peak = unpacked((self.folder / FRAME_PNG).read_bytes())
        except (*READ_ERRORS, cv2.error) as error:
            raise BadInput("event", self.folder, f"cannot be read ({error})") from error
        yield Frame(self.event.peak_index, peak_ns, peak)

    def row(self) -> Row | None:
        """What was recorded of the peak."""
        kept = read_clip(self.folder / CLIP_MCAP)
        return next((one.row for one in kept if one.stamp_ns == self.event.peak_ns), None)

    def weights_said(self, names: Sequence[str]) -> dict[str, Any]:
        """Whether the weights that explain it are those that judged it."""
        compared = [compare(name, self.event.models.get(name, {}).get("sha256")) for name in names]
        others = [one for one in compared if not one["same"]]
        text = "Explained with the weights that judged it."
        if others:
            words = "; ".join(difference(one) for one in others)
            text = f"OTHER WEIGHTS than those that judged it: {words}."
        return {"bundle_id": self.bundle_id, "weights": compared, "caption": text}


def compare(name: str, recorded: str | None) -> dict[str, Any]:
    try:
        here = read_card(name).sha256
    except BadInput:
        here = None
    same = recorded is not None and recorded == here
    return {"name": name, "recorded": recorded, "here": here, "same": same}


def difference(one: dict[str, Any]) -> str:
    here = "unknown" if one["here"] is None else one["here"][:12]
    if one["recorded"] is None:
        return f"{one['name']} ({here}) had no part in it"
    return f"{one['name']} was {one['recorded'][:12]}, here it is {here}"


def unpacked(content: bytes) -> NDArray[np.uint8]:
    """(H, W, 3) RGB.  Raises ValueError."""
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise ValueError("a picture cannot be unpacked")
    return np.asarray(image, np.uint8)
