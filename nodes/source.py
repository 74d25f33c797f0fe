"""The source node: plays a video, GIF, image folder or camera like the driver of a camera."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from road_clarity.models.errors import BadInput
from road_clarity.nodes.parameters import declare, read
from road_clarity.nodes.pictures import to_image, to_jpeg
from road_clarity.nodes.process import run
from road_clarity.nodes.qos import CAMERA_OUT
from road_clarity.nodes.settings import SourceConfig
from road_clarity.nodes.watchdog import WatchdogConfig
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.video import list_images, read_images, read_video
from road_clarity.pipeline.whole_file import require_whole

FOLDER_RATE = 25.0  # of image folders when no rate is given [1/s]
LOOK_EVERY_S = 0.05  # for a subscriber
SETTLE_S = 0.5  # from a match until the first image arrives for sure


class SourceNode(Node):
    """A recording begins when somebody subscribes, and the node is done at its end."""

    def __init__(self) -> None:
        super().__init__("source")
        declare(self, SourceConfig())
        self.limits = WatchdogConfig()
        self._config = config = read(self, SourceConfig())
        kind = CompressedImage if config.compressed else Image
        self._images = self.create_publisher(kind, "~/out/image", CAMERA_OUT)
        self._infos = self.create_publisher(CameraInfo, "~/out/camera_info", CAMERA_OUT)
        self._stop = threading.Event()
        self._failure: BadInput | None = None
        self._thread = threading.Thread(target=self._play, name="play", daemon=True)

    def start(self) -> None:
        open_frames(self._config)  # what cannot be opened is told before anybody waits for it
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    def done(self) -> bool:
        """Raises BadInput when the source broke off."""
        if self._failure is not None:
            raise self._failure
        return self._thread.ident is not None and not self._thread.is_alive()

    def is_lost(self) -> bool:
        return False

    def _play(self) -> None:
        """In the play thread."""
        while self._images.get_subscription_count() == 0:
            if self._stop.wait(LOOK_EVERY_S):
                return
        self._stop.wait(SETTLE_S)
        try:
            self._play_once()
            while self._config.loop and not self._stop.is_set():
                self._play_once()
        except BadInput as error:
            self._failure = error

    def _play_once(self) -> None:
        started_s = time.monotonic()
        for frame in open_frames(self._config):
            due_s = frame.stamp_ns * 1e-9
            if self._config.rate > 0:
                due_s = frame.index / self._config.rate
            if self._stop.wait(max(0.0, started_s + due_s - time.monotonic())):
                return
            self._publish(frame)

    def _publish(self, frame: Frame) -> None:
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=self._config.frame_id)
        width, height = frame.size
        self._infos.publish(CameraInfo(header=header, width=width, height=height))
        if self._config.compressed:
            self._images.publish(to_jpeg(frame.image, self._config.quality, header))
        else:
            self._images.publish(to_image(frame.image, "rgb8", header))


def open_frames(config: SourceConfig) -> Iterator[Frame]:
    """All frames of the source; stamps are those of the recording.  Raises BadInput."""
    if config.path.isdigit():
        return read_camera(int(config.path))
    path = Path(config.path)
    if not config.path or not path.exists():
        raise BadInput("path", repr(config.path), "name a video, an image folder or a camera")
    if path.is_dir():
        return read_images(list_images(path), config.rate or FOLDER_RATE)
    require_whole(path)
    return read_video(path)


def read_camera(number: int) -> Iterator[Frame]:
    """Frames as the camera gives them; a live camera has its own pace.  Raises BadInput."""
    capture = cv2.VideoCapture(number)
    if not capture.isOpened():
        raise BadInput("path", number, "no such camera; see /dev/video*")
    return grab(capture)


def grab(capture: cv2.VideoCapture) -> Iterator[Frame]:
    index = 0
    while True:
        there, image = capture.read()
        if not there:
            capture.release()
            raise BadInput("path", "camera", "gives no images any more; check its cable")
        yield Frame(index, 0, np.ascontiguousarray(image[..., ::-1]))
        index += 1


def main() -> int:
    return run(lambda: [SourceNode()])


if __name__ == "__main__":
    raise SystemExit(main())
