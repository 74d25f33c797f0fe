"""A camera of 1280x720 at full rate that stops, freezes, lies and talks nonsense when told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from road_clarity.nodes.conversions import header_at
from road_clarity.nodes.pictures import to_image, to_jpeg
from road_clarity.nodes.qos import CAMERA_OUT
from road_clarity.pipeline.video import read_video

Picture = NDArray[np.uint8]  # (H, W, 3) RGB

TOPIC = "/camera/image_raw"
SIZE, SMALL = (1280, 720), (640, 360)  # (width, height) [px]
PICTURES = 60
STALL_S = 0.1  # a thread that only sends images is late by so much: the machine stands still
JUMP_NS = 1000 * 1_000_000_000  # how far time jumps


def pictures(source: str) -> list[Picture]:
    """Frames that go forth and back, so that there is no cut.  Raises BadInput."""
    frames = (frame.image for frame in read_video(Path(source))) if source else street()
    forth = [resized(image, SIZE) for image in islice(frames, PICTURES)]
    return forth + forth[-2:0:-1]


def resized(image: Picture, size: tuple[int, int]) -> Picture:
    return np.ascontiguousarray(cv2.resize(image, size), dtype=np.uint8)


def street() -> Iterable[Picture]:
    """A road that comes nearer, under a sky: drawn, so that the soak needs no recording."""
    texture = np.random.default_rng(0).integers(60, 120, (90, 160), np.uint8)
    for index in range(PICTURES):
        near = cv2.resize(np.roll(texture, 2 * index, axis=0), SIZE)
        picture = np.repeat(near[:, :, None], 3, axis=2)
        picture[:300] = (140, 170, 210)
        for foot in (100, 1180):
            cv2.line(picture, (foot, 719), (640, 300), (255, 255, 255), 12)
        yield picture


class SoakCamera:
    """Publishes in a thread of its own."""

    def __init__(self, node: Node, images: list[Picture], rate: float) -> None:
        """rate: images per second [1/s]"""
        self._node, self._images, self._period_s = node, images, 1.0 / rate
        self._small = [resized(image, SMALL) for image in images[:30]]
        self._blank = np.full_like(images[0], 90)
        self._publisher = node.create_publisher(Image, TOPIC, CAMERA_OUT)
        self._does = ""  # the fault that it has
        self._index, self._nonsense = 0, 0
        self.stalls: list[tuple[float, float]] = []  # from, to: not even this could go on [s]
        self.sent: dict[int, float] = {}  # stamp of what can be seen [ns] -> when [s, monotonic]
        self._stop, self._changing = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    def begin(self, fault: str) -> None:
        """One of the kinds that begin with what a camera does; any other changes nothing."""
        if fault == "images become compressed":
            self._publish_as(CompressedImage)
        self._does = fault

    def end(self) -> None:
        if self._does == "images become compressed":
            self._publish_as(Image)
        self._does = ""

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(5.0)

    def _publish_as(self, kind: Any) -> None:
        with self._changing:  # a process cannot offer a topic as two kinds at once
            self._node.destroy_publisher(self._publisher)
            self._publisher = self._node.create_publisher(kind, TOPIC, CAMERA_OUT)

    def _run(self) -> None:
        due_s = time.monotonic()
        while not self._stop.is_set():
            message = self._next()
            with self._changing:
                if isinstance(message, self._publisher.msg_type):
                    self._publisher.publish(message)
            due_s += self._period_s
            wait_s = due_s - time.monotonic()
            if wait_s < -STALL_S:
                self.stalls.append((due_s, due_s - wait_s))
            if wait_s < -self._period_s:
                due_s -= wait_s
            self._stop.wait(max(0.0, wait_s))

    def _next(self) -> Any:
        """The next message; None for none."""
        does, stamp_ns = self._does, self._node.get_clock().now().nanoseconds
        if does == "camera stops":
            return None
        if does == "time jumps ahead":
            stamp_ns += JUMP_NS
        if does == "time jumps back":
            stamp_ns -= JUMP_NS
        self._index += does != "camera freezes"
        header = header_at(stamp_ns, "camera")
        image = self._images[self._index % len(self._images)]
        if does == "garbage comes":
            return self._garbage(to_image(image, "rgb8", header))
        self.sent[stamp_ns] = time.monotonic()
        show: dict[str, Callable[[], Any]] = {
            "camera goes blank": lambda: to_image(self._blank, "rgb8", header),
            "size changes": lambda: to_image(self._small[self._index % 30], "rgb8", header),
            "encoding changes": lambda: as_bgr(image, header),
            "images become compressed": lambda: to_jpeg(image, 80, header),
        }
        return show.get(does, lambda: to_image(image, "rgb8", header))()

    def _garbage(self, message: Image) -> Image:
        """Too short rows, too little data or an encoding that nobody knows, in turn."""
        self._nonsense += 1
        if self._nonsense % 3 == 0:
            message.step = 7
        elif self._nonsense % 3 == 1:
            message.height = 721
        else:
            message.encoding = "thermal12"
        return message


def as_bgr(image: Picture, header: Header) -> Image:
    message = to_image(image[..., ::-1], "rgb8", header)
    message.encoding = "bgr8"
    return message
