"""What RViz and Foxglove show at start, written from the table of topics.

python -m road_clarity.nodes.viewers                                 for config/
python -m road_clarity.nodes.viewers NAMESPACE IMAGE_TOPIC FOLDER    for one camera of several
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from road_clarity.nodes.table import DRIVE_ARGUMENTS, complete
from road_clarity.nodes.topics import DIAGNOSTICS, TOPICS, root

CONFIG = Path(__file__).resolve().parents[1] / "config"
CAMERA = complete(DRIVE_ARGUMENTS, {})["image_topic"]
RVIZ, FOXGLOVE = "road_clarity.rviz", "road_clarity.foxglove.json"
RVIZ_HEADING = """\
# rviz2 -d road_clarity.rviz
# Made from the table of topics by `python -m road_clarity.nodes.viewers`.
# RViz has no display for image markers, plots or diagnostics: lanes and boxes are in the overlay,
# the rest is in Foxglove's layout and in `rqt_robot_monitor`.
"""


def topic(node: str, name: str, namespace: str) -> str:
    """'/front/lane/out/markers'; of a topic that there is."""
    assert name in TOPICS[node].publishes, f"{node} does not publish {name}"
    return f"{root(namespace)}/{node}/{name}"


# RViz --------------------------------------------------------------------------------------------


def rviz_text(namespace: str = "") -> str:
    displays = [
        picture("Overlay", topic("perception", "out/overlay_image", namespace)),
        picture("Segmentation", topic("segmentation", "out/colours", namespace)),
        picture("Error map", topic("world_model", "out/error_map", namespace)),
    ]
    told = {
        "Panels": [
            {"Class": "rviz_common/Displays", "Name": "Displays"},
            {"Class": "rviz_common/Time", "Name": "Time"},
        ],
        "Visualization Manager": {
            "Class": "",
            "Displays": displays,
            "Enabled": True,
            "Global Options": {"Fixed Frame": "camera", "Frame Rate": 30},
            "Name": "root",
            "Value": True,
        },
        "Window Geometry": {one["Name"]: {"collapsed": False} for one in displays},
    }
    return RVIZ_HEADING + yaml.safe_dump(told, sort_keys=False)


def picture(name: str, topic: str) -> dict[str, Any]:
    """An image display; floats are stretched from their smallest to their largest."""
    return {
        "Class": "rviz_default_plugins/Image",
        "Enabled": True,
        "Name": name,
        "Normalize Range": True,
        "Max Value": 1,
        "Min Value": 0,
        "Median window": 5,
        "Topic": {
            "Depth": 1,
            "Durability Policy": "Volatile",
            "History Policy": "Keep Last",
            "Reliability Policy": "Reliable",
            "Value": topic,
        },
        "Value": True,
    }


# Foxglove ----------------------------------------------------------------------------------------


def foxglove_text(namespace: str = "", image_topic: str = CAMERA) -> str:
    """Markers lie on the camera's own image: their pixels are its pixels."""
    risk = topic("safety", "out/risk", namespace)
    markers = [topic(node, "out/markers", namespace) for node in ("lane", "tracker")]
    panels = {
        "Image!overlay": image(topic("perception", "out/overlay", namespace)),
        "Image!camera": image(image_topic, *markers),
        "Image!segmentation": image(topic("segmentation", "out/colours", namespace)),
        "Image!error": image(topic("world_model", "out/error_map", namespace)),
        "Plot!risk": plot(f"{risk}.score"),
        "StateTransitions!level": {
            "paths": [{"value": f"{risk}.level", "timestampMethod": "headerStamp"}],
            "isSynced": True,
        },
        "DiagnosticSummary!health": {
            "minLevel": 0,
            "pinnedIds": [],
            "hardwareIdFilter": "",
            "topicToRender": DIAGNOSTICS,
            "sortByLevel": True,
        },
    }
    left = above("Image!overlay", above("Plot!risk", "StateTransitions!level", 60), 65)
    pictures = above("Image!camera", beside("Image!segmentation", "Image!error", 50), 60)
    told = {
        "configById": panels,
        "globalVariables": {},
        "userNodes": {},
        "playbackConfig": {"speed": 1},
        "layout": beside(left, above(pictures, "DiagnosticSummary!health", 70), 60),
    }
    return json.dumps(told, indent=2) + "\n"


def image(topic: str, *markers: str) -> dict[str, Any]:
    annotations = {one: {"visible": True} for one in markers}
    return {"imageMode": {"imageTopic": topic, "annotations": annotations}}


def plot(path: str) -> dict[str, Any]:
    """From 0, calm, to 1."""
    line = {"value": path, "enabled": True, "timestampMethod": "headerStamp", "color": "#e23838"}
    return {
        "paths": [line],
        "xAxisVal": "timestamp",
        "followingViewWidth": 30,
        "minYValue": 0,
        "maxYValue": 1,
        "showLegend": True,
        "legendDisplay": "floating",
        "isSynced": True,
    }


Layout = str | dict[str, Any]


def beside(left: Layout, right: Layout, percent: int) -> Layout:
    return {"direction": "row", "first": left, "second": right, "splitPercentage": percent}


def above(upper: Layout, lower: Layout, percent: int) -> Layout:
    return {"direction": "column", "first": upper, "second": lower, "splitPercentage": percent}


def main(arguments: list[str]) -> int:
    if len(arguments) not in (0, 3):
        print(f"{__doc__}", file=sys.stderr)
        return 2
    namespace, image_topic, folder = arguments or ("", CAMERA, str(CONFIG))
    for name, text in (
        (RVIZ, rviz_text(namespace)),
        (FOXGLOVE, foxglove_text(namespace, image_topic)),
    ):
        path = Path(folder, name)
        path.write_text(text)
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
