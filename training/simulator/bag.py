"""A scenario as an MCAP file that ROS 2 tools and `road-clarity replay` read, truth included.

Pictures and camera model have the topics of a camera driver; what is true lies below /truth.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from road_clarity.training.simulator.film import SimFrame
from road_clarity.training.simulator.truth_row import row

TYPES = get_typestore(Stores.ROS2_JAZZY)
FRAME_ID = "camera"
IMAGE, INFO = "/camera/image_raw/compressed", "/camera/camera_info"
SCENE, CLASSES, IDENTITIES, DEPTH = (
    "/truth/scene", "/truth/classes/compressed", "/truth/identities/compressed",
    "/truth/depth/compressed",
)  # fmt: skip
COMPRESSED = "sensor_msgs/msg/CompressedImage"
TOPICS = {
    IMAGE: COMPRESSED, INFO: "sensor_msgs/msg/CameraInfo", SCENE: "std_msgs/msg/String",
    CLASSES: COMPRESSED, IDENTITIES: COMPRESSED, DEPTH: COMPRESSED,
}  # fmt: skip
QUALITY = 95  # of the JPEGs, 0..100
FARTHEST_MM = 65535  # depths beyond do not fit and say 0: unknown (REP 118)


def write_bag(frames: Iterable[SimFrame], path: Path) -> None:
    """One MCAP file; the same frames give the same bytes."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        bag = Path(folder) / "bag"
        with Writer(bag, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
            connections = {
                topic: writer.add_connection(topic, kind, typestore=TYPES)
                for topic, kind in TOPICS.items()
            }
            for frame in frames:
                for topic, message in messages(frame):
                    content = TYPES.serialize_cdr(message, TOPICS[topic])
                    writer.write(connections[topic], frame.stamp_ns, content)
        next(bag.glob("*.mcap")).replace(path)


def messages(frame: SimFrame) -> Iterator[tuple[str, Any]]:
    """(topic, message) of one frame."""
    truth = frame.truth
    stamp = header(frame.stamp_ns)
    bgr = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
    millimetres = truth.depth_m * 1000
    depth = np.where(millimetres > FARTHEST_MM, 0, millimetres).astype(np.uint16)
    yield IMAGE, picture(stamp, "jpeg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    yield INFO, camera_info(stamp, truth.camera.size, truth.camera.focal_px)
    text = json.dumps(row(truth), separators=(",", ":"))
    yield SCENE, TYPES.types[TOPICS[SCENE]](data=text)
    yield CLASSES, picture(stamp, "png", truth.classes)
    yield IDENTITIES, picture(stamp, "png", truth.identities)
    yield DEPTH, picture(stamp, "png", depth)


def header(stamp_ns: int) -> Any:
    seconds, nanoseconds = divmod(stamp_ns, 1_000_000_000)
    time = TYPES.types["builtin_interfaces/msg/Time"](sec=seconds, nanosec=nanoseconds)
    return TYPES.types["std_msgs/msg/Header"](stamp=time, frame_id=FRAME_ID)


def picture(stamp: Any, form: str, pixels: NDArray[Any], options: list[int] | None = None) -> Any:
    """A compressed image; form 'jpeg' or 'png'."""
    _, content = cv2.imencode(f".{form}", pixels, options or [])
    return TYPES.types[COMPRESSED](header=stamp, format=form, data=content.ravel())


def camera_info(stamp: Any, size: tuple[int, int], focal: float) -> Any:
    """A pinhole without distortion that looks through the middle of the picture."""
    width, height = size
    k = np.array([focal, 0, width / 2, 0, focal, height / 2, 0, 0, 1], np.float64)
    region = TYPES.types["sensor_msgs/msg/RegionOfInterest"]
    return TYPES.types[TOPICS[INFO]](
        header=stamp,
        width=width,
        height=height,
        distortion_model="plumb_bob",
        d=np.zeros(5),
        k=k,
        r=np.eye(3).ravel(),
        p=np.insert(k.reshape(3, 3), 3, 0.0, axis=1).ravel(),
        binning_x=0,
        binning_y=0,
        roi=region(x_offset=0, y_offset=0, height=0, width=0, do_rectify=False),
    )
