"""The tracker node: people and vehicles as messages and markers.  A track: pipeline.tracking."""

from __future__ import annotations

from road_clarity_msgs import msg
from std_msgs.msg import Header
from visualization_msgs.msg import ImageMarker

from road_clarity.nodes.conversions import tracks_to_message
from road_clarity.nodes.markers import tracks_marker
from road_clarity.nodes.qos import RESULT
from road_clarity.nodes.stage_node import StageNode
from road_clarity.pipeline.tracking import TrackerConfig, TrackStage
from road_clarity.safety.scene import Tracks


class TrackerNode(StageNode):
    """Who is on the road, frame by frame."""

    part = "tracks"

    def __init__(self) -> None:
        super().__init__("tracker")
        self._tracks = self.create_lifecycle_publisher(msg.TrackArray, "~/out/tracks", RESULT)
        self._markers = self.create_lifecycle_publisher(ImageMarker, "~/out/markers", RESULT)

    def make_stage(self, settings: TrackerConfig, device: str) -> TrackStage:
        return TrackStage(settings, device)

    def publish(self, part: Tracks, header: Header) -> None:
        self._tracks.publish(tracks_to_message(part, header))
        if self._markers.get_subscription_count() > 0:
            self._markers.publish(tracks_marker(part, header))
