"""Lanes and tracks as visualization_msgs/ImageMarker, for viewers that lack our messages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import ImageMarker

from road_clarity.safety.scene import Box, Lanes, Tracks

Pixel = tuple[float, float]
EGO, OTHER = ColorRGBA(r=0.1, g=0.9, b=0.3, a=1.0), ColorRGBA(r=0.4, g=0.6, b=1.0, a=1.0)
PERSON, VEHICLE = ColorRGBA(r=1.0, g=0.4, b=0.1, a=1.0), ColorRGBA(r=1.0, g=0.9, b=0.2, a=1.0)
LINE_WIDTH_PX = 3.0


def lanes_marker(lanes: Lanes, header: Header) -> ImageMarker:
    """All lane lines in one marker; those of the vehicle's own lane are green."""
    marker = segments("lanes", header)
    for lane in lanes.lanes:
        for start, end in pairwise(lane.points):
            add(marker, start, end, EGO if lane.id in (2, 3) else OTHER)
    return marker


def tracks_marker(tracks: Tracks, header: Header) -> ImageMarker:
    """All boxes in one marker; people are orange."""
    marker = segments("tracks", header)
    for track in tracks.tracks:
        for start, end in edges(track.box):
            add(marker, start, end, PERSON if track.label == "person" else VEHICLE)
    return marker


def segments(namespace: str, header: Header) -> ImageMarker:
    return ImageMarker(
        header=header,
        ns=namespace,
        type=ImageMarker.LINE_LIST,
        action=ImageMarker.ADD,
        scale=LINE_WIDTH_PX,
    )


def add(marker: ImageMarker, start: Pixel, end: Pixel, color: ColorRGBA) -> None:
    for x, y in (start, end):
        marker.points.append(Point(x=float(x), y=float(y)))
        marker.outline_colors.append(color)


def edges(box: Box) -> Iterator[tuple[Pixel, Pixel]]:
    x0, y0, x1, y1 = box
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    return pairwise(corners)
