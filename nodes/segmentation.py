"""The segmentation node: FFNet's classes as an image of indices into safety.scene.CLASSES."""

from __future__ import annotations

from sensor_msgs.msg import Image
from std_msgs.msg import Header

from road_clarity.nodes.conversions import segmentation_to_message
from road_clarity.nodes.qos import RESULT
from road_clarity.nodes.stage_node import StageNode
from road_clarity.pipeline.segmentation import SegmentationConfig, SegmentationStage
from road_clarity.safety.scene import Segmentation


class SegmentationNode(StageNode):
    part = "segmentation"

    def __init__(self) -> None:
        super().__init__("segmentation")
        self._classes = self.create_lifecycle_publisher(Image, "~/out/segmentation", RESULT)

    def make_stage(self, settings: SegmentationConfig, device: str) -> SegmentationStage:
        return SegmentationStage(settings, device)

    def publish(self, part: Segmentation, header: Header) -> None:
        self._classes.publish(segmentation_to_message(part, header))
