"""Every topic of every node, for viewers, security policies and tests.  Plain data, without ROS.

Names are private: 'out/lanes' of the node lane is /lane/out/lanes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from road_clarity.nodes.table import DRIVE, DRIVE_ARGUMENTS, Process, complete, start

IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
MARKER = "visualization_msgs/msg/ImageMarker"
INFO = "sensor_msgs/msg/CameraInfo"
DIAGNOSTICS = "/diagnostics"


@dataclass(frozen=True)
class Ends:
    """What a node says and hears: private name -> type."""

    publishes: Mapping[str, str]
    subscribes: Mapping[str, str]


def ours(name: str) -> str:
    return f"road_clarity_msgs/msg/{name}"


FAULTS = {"out/faults": ours("StageFault")}  # every network has them

TOPICS: dict[str, Ends] = {
    "perception": Ends(
        {
            "out/frames": ours("CameraFrame"),
            "out/rounds": ours("Round"),
            "out/overlay": COMPRESSED,
            "out/overlay_image": IMAGE,
        },
        {"in/image": IMAGE, "in/camera_info": INFO, "in/risk": ours("Risk")},
    ),
    "lane": Ends({"out/lanes": ours("LaneArray"), "out/markers": MARKER, **FAULTS}, {}),
    "segmentation": Ends({"out/segmentation": IMAGE, "out/colours": IMAGE, **FAULTS}, {}),
    "tracker": Ends({"out/tracks": ours("TrackArray"), "out/markers": MARKER, **FAULTS}, {}),
    "world_model": Ends({"out/world": ours("World"), "out/error_map": IMAGE, **FAULTS}, {}),
    "unknown_scene": Ends({"out/unknown": ours("Unknown"), **FAULTS}, {}),
    "explainer": Ends({"out/explanation": ours("Explanation")}, {"in/risk": ours("Risk")}),
    "safety": Ends(
        {"out/risk": ours("Risk"), "out/explanation": ours("Explanation")},
        {
            "in/frames": ours("CameraFrame"),
            "in/lanes": ours("LaneArray"),
            "in/segmentation": IMAGE,
            "in/tracks": ours("TrackArray"),
            "in/world": ours("World"),
            "in/unknown": ours("Unknown"),
            "in/rounds": ours("Round"),
            "in/faults": ours("StageFault"),
        },
    ),
    "source": Ends({"out/image": COMPRESSED, "out/camera_info": INFO}, {}),
}


def published(namespace: str = "") -> list[str]:
    """The full names of what our nodes say, but for what a source plays."""
    arguments = complete(DRIVE_ARGUMENTS, {"namespace": namespace})
    ends = [one for process in DRIVE for _, _, one in resolved(process, arguments)]
    return sorted({topic for one in ends for topic in one.publishes})


def root(namespace: str) -> str:
    """'' or '/front': what names below the namespace begin with."""
    return f"/{namespace.strip('/')}" if namespace.strip("/") else ""


def resolved(process: Process, arguments: Mapping[str, str]) -> Iterator[tuple[str, str, Ends]]:
    """(name of the node, its namespace, its topics under their full names) of a process."""
    started = start(process, arguments)
    prefix, remaps = root(started.namespace), dict(started.remaps)

    def full(node: str, name: str) -> str:
        target = remaps.get(f"{node}:~/{name}", remaps.get(f"~/{name}", f"{node}/{name}"))
        return target if target.startswith("/") else f"{prefix}/{target}"

    for node in process.nodes:
        said, heard = TOPICS[node].publishes, TOPICS[node].subscribes
        yield node, prefix or "/", Ends(
            {full(node, name): kind for name, kind in said.items()},
            {full(node, name): kind for name, kind in heard.items()},
        )  # fmt: skip
