"""A camera at full rate for measurements; the images lie ready, so it costs what a driver costs.

python -m road_clarity.nodes.live.camera SOURCE
"""

from __future__ import annotations

import sys
import time
from itertools import count, islice
from pathlib import Path

import cv2
import rclpy
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from road_clarity.models.errors import BadInput
from road_clarity.nodes.pictures import to_image
from road_clarity.nodes.qos import CAMERA_OUT
from road_clarity.nodes.transport import tune
from road_clarity.pipeline.video import read_video

FPS = 30.0
SIZE = (1280, 720)  # [px]
MOST = 90  # images that are kept, 3 s; played to and fro, so that nothing ever jumps


def images(source: Path) -> list[Image]:
    """Raises BadInput."""
    taken = []
    for frame in islice(read_video(source), MOST):
        image = cv2.resize(frame.image, SIZE) if frame.size != SIZE else frame.image
        taken.append(to_image(image, "rgb8", Header(frame_id="camera")))
    if len(taken) < 2:
        raise BadInput("source", source, "has no two images; name a video")
    return [*taken, *taken[-2:0:-1]]


def main() -> int:
    """Plays until it is stopped."""
    try:
        reel = images(Path(sys.argv[1]))
    except BadInput as error:
        print(f"road_clarity: {error}", file=sys.stderr)
        return 2
    tune()
    rclpy.init()
    node = rclpy.create_node("camera", namespace="camera")
    pictures = node.create_publisher(Image, "image_raw", CAMERA_OUT)
    infos = node.create_publisher(CameraInfo, "camera_info", CAMERA_OUT)
    began_s = time.monotonic()
    for number in count():
        time.sleep(max(0.0, began_s + number / FPS - time.monotonic()))
        message = reel[number % len(reel)]
        message.header.stamp = node.get_clock().now().to_msg()
        infos.publish(CameraInfo(header=message.header, width=SIZE[0], height=SIZE[1]))
        pictures.publish(message)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
