"""The segmentation node: FFNet's classes as an image of indices into safety.scene.CLASSES.

The same in the colours of CamVid for people, while somebody looks.
"""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from road_clarity.nodes.conversions import segmentation_to_message
from road_clarity.nodes.pictures import to_image
from road_clarity.nodes.qos import PICTURE, RESULT
from road_clarity.nodes.stage_node import StageNode
from road_clarity.pipeline.segmentation import SegmentationConfig, SegmentationStage
from road_clarity.safety.scene import Segmentation

# (256, 3) RGB, by index into CLASSES
COLOURS = np.zeros((256, 3), np.uint8)
COLOURS[:11] = (
    (128, 128, 128), (128, 0, 0), (192, 192, 128), (128, 64, 128), (0, 0, 192), (128, 128, 0),
    (192, 128, 128), (64, 64, 128), (64, 0, 128), (64, 64, 0), (0, 128, 192),
)  # fmt: skip


class SegmentationNode(StageNode):
    part = "segmentation"

    def __init__(self) -> None:
        super().__init__("segmentation")
        self._classes = self.create_lifecycle_publisher(Image, "~/out/segmentation", RESULT)
        self._colours = self.create_lifecycle_publisher(Image, "~/out/colours", PICTURE)

    def make_stage(self, settings: SegmentationConfig, device: str) -> SegmentationStage:
        return SegmentationStage(settings, device)

    def publish(self, part: Segmentation, header: Header) -> None:
        self._classes.publish(segmentation_to_message(part, header))
        if self._colours.get_subscription_count() > 0:
            self._colours.publish(to_image(COLOURS[part.classes], "rgb8", header))
