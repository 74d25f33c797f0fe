"""The world model node: how strange the image is, and what was expected of it."""

from __future__ import annotations

from road_clarity_msgs import msg
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from road_clarity.nodes.conversions import world_to_message
from road_clarity.nodes.pictures import to_image
from road_clarity.nodes.qos import PICTURE, RESULT
from road_clarity.nodes.stage_node import StageNode
from road_clarity.pipeline.world import WorldConfig, WorldStage
from road_clarity.safety.scene import World


class WorldModelNode(StageNode):
    part = "world"

    def __init__(self) -> None:
        super().__init__("world_model")
        self._world = self.create_lifecycle_publisher(msg.World, "~/out/world", RESULT)
        self._error_map = self.create_lifecycle_publisher(Image, "~/out/error_map", PICTURE)

    def make_stage(self, settings: WorldConfig, device: str) -> WorldStage:
        return WorldStage(settings, device)

    def publish(self, part: World, header: Header) -> None:
        self._world.publish(world_to_message(part, header))
        if self._error_map.get_subscription_count() > 0:
            self._error_map.publish(to_image(part.error_map, "32FC1", header))
