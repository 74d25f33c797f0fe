"""The lane node: SCNN's lane lines as messages and markers.  What a lane is: pipeline.lanes."""

from __future__ import annotations

from road_clarity_msgs import msg
from std_msgs.msg import Header
from visualization_msgs.msg import ImageMarker

from road_clarity.nodes.conversions import lanes_to_message
from road_clarity.nodes.markers import lanes_marker
from road_clarity.nodes.qos import RESULT
from road_clarity.nodes.stage_node import StageNode
from road_clarity.pipeline.lanes import LaneConfig, LaneStage
from road_clarity.safety.scene import Lanes


class LaneNode(StageNode):
    part = "lanes"

    def __init__(self) -> None:
        super().__init__("lane")
        self._lanes = self.create_lifecycle_publisher(msg.LaneArray, "~/out/lanes", RESULT)
        self._markers = self.create_lifecycle_publisher(ImageMarker, "~/out/markers", RESULT)

    def make_stage(self, settings: LaneConfig, device: str) -> LaneStage:
        return LaneStage(settings, device)

    def publish(self, part: Lanes, header: Header) -> None:
        self._lanes.publish(lanes_to_message(part, header))
        if self._markers.get_subscription_count() > 0:
            self._markers.publish(lanes_marker(part, header))
