"""run.mcap: the run as Foxglove and Lichtblick show it, without any custom panel.

    /camera/image        foxglove.CompressedImage   every frame, as JPEG
    /camera/annotations  foxglove.ImageAnnotations  lanes, boxes, what the reasons point to
    /risk                JSON                       plot /risk.score; level and reasons beside it

Every message carries the stamp of its frame as log time, so equal runs give equal files.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import cv2
import foxglove
from foxglove.channels import CompressedImageChannel, ImageAnnotationsChannel
from foxglove.mcap import MCAPWriteOptions
from foxglove.messages import (
    Color,
    CompressedImage,
    ImageAnnotations,
    Point2,
    PointsAnnotation,
    PointsAnnotationType,
    TextAnnotation,
    Timestamp,
)

from road_clarity.pipeline.events import Moment
from road_clarity.pipeline.frame_row import risk_row
from road_clarity.pipeline.overlay import BLAMED, LANE_COLOURS, LEVEL_COLOURS, TRACK_COLOURS, Colour
from road_clarity.safety.scene import Box

QUALITY = 85  # of the JPEGs, 0..100
SECOND_NS = 1_000_000_000
RISK_SCHEMA = {
    "type": "object",
    "properties": {
        "score": {"type": "number"},
        "level": {"type": "string"},
        "points": {"type": "number"},
        "promise": {
            "type": "object",
            "properties": {"p_value": {"type": "number"}, "state": {"type": "string"}},
        },
        "reasons": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "code": {"type": "string"},
                    "share": {"type": "number"},
                    "region": {"type": "array", "items": {"type": "number"}},
                    "text": {"type": "string"},
                    "module": {"type": "string"},
                    "label": {"type": "string"},
                },
            },
        },
    },
}


class FoxgloveLog:
    """Context manager around the file; `add` takes the frames in order."""

    def __init__(self, path: Path) -> None:
        self._context = foxglove.Context()  # its own, so that two logs at a time do not mix
        context = self._context
        self._writer = foxglove.open_mcap(
            path, context=context, writer_options=MCAPWriteOptions(compression_threads=0)
        )
        self._image = CompressedImageChannel("/camera/image", context=context)
        self._annotations = ImageAnnotationsChannel("/camera/annotations", context=context)
        schema = foxglove.Schema(
            name="road_clarity.Risk",
            encoding="jsonschema",
            data=json.dumps(RISK_SCHEMA).encode(),
        )
        self._risk = foxglove.Channel(
            "/risk", schema=schema, message_encoding="json", context=context
        )

    def __enter__(self) -> FoxgloveLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._writer.close()

    def add(self, moment: Moment) -> None:
        log_time, stamp = moment.frame.stamp_ns, timestamp(moment.frame.stamp_ns)
        self._image.log(compressed(moment, stamp), log_time=log_time)
        self._annotations.log(drawn(moment, stamp), log_time=log_time)
        self._risk.log(json.dumps(risk_row(moment.risk)).encode(), log_time=log_time)


def timestamp(stamp_ns: int) -> Timestamp:
    seconds, nanoseconds = divmod(stamp_ns, SECOND_NS)
    return Timestamp(sec=seconds, nsec=nanoseconds)


def compressed(moment: Moment, stamp: Timestamp) -> CompressedImage:
    bgr = cv2.cvtColor(moment.frame.image, cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    frame_id = moment.frame.frame_id
    return CompressedImage(
        timestamp=stamp, frame_id=frame_id, data=content.tobytes(), format="jpeg"
    )


def drawn(moment: Moment, stamp: Timestamp) -> ImageAnnotations:
    """Lanes, boxes and reasons of one frame, in source pixels."""
    scene, risk = moment.scene, moment.risk
    points, texts = [], [label((8.0, 22.0), title(moment), LEVEL_COLOURS[risk.level], stamp)]
    for lane in scene.lanes.lanes if scene.lanes else ():
        points.append(strip(lane.points, LANE_COLOURS[lane.id], 4.0, stamp))
    for track in scene.tracks.tracks if scene.tracks else ():
        colour = TRACK_COLOURS[track.label]
        points.append(outline(track.box, colour, 2.0, stamp))
        corner = (track.box[0], track.box[1] - 2.0)
        texts.append(label(corner, f"{track.label} {track.id}", colour, stamp))
    for reason in risk.reasons:
        if reason.region is not None:
            points.append(outline(reason.region, BLAMED, 4.0, stamp))
    return ImageAnnotations(points=points, texts=texts)


def title(moment: Moment) -> str:
    reasons = ", ".join(f"{one.code} {one.share:.2f}" for one in moment.risk.reasons)
    return f"{moment.risk.level} {moment.risk.score:.2f}  {reasons}"


def strip(
    corners: Sequence[tuple[float, float]], colour: Colour, thickness: float, stamp: Timestamp
) -> PointsAnnotation:
    return PointsAnnotation(
        timestamp=stamp,
        type=PointsAnnotationType.LineStrip,
        points=[Point2(x=x, y=y) for x, y in corners],
        outline_color=rgba(colour),
        thickness=thickness,
    )


def outline(box: Box, colour: Colour, thickness: float, stamp: Timestamp) -> PointsAnnotation:
    x0, y0, x1, y1 = box
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))
    return strip(corners, colour, thickness, stamp)


def label(
    corner: tuple[float, float], text: str, colour: Colour, stamp: Timestamp
) -> TextAnnotation:
    return TextAnnotation(
        timestamp=stamp,
        position=Point2(x=corner[0], y=corner[1]),
        text=text,
        font_size=14.0,
        text_color=rgba((255, 255, 255)),
        background_color=rgba(colour, 0.85),
    )


def rgba(colour: Colour, alpha: float = 1.0) -> Color:
    r, g, b = (value / 255 for value in colour)
    return Color(r=r, g=g, b=b, a=alpha)
