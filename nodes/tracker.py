"""The tracker node: LoRAT's boxes as messages and markers.  What a track is: pipeline.tracking."""

from __future__ import annotations

from dataclasses import replace

from road_clarity_msgs import msg
from std_msgs.msg import Header
from visualization_msgs.msg import ImageMarker

from road_clarity.nodes.conversions import tracks_to_message
from road_clarity.nodes.markers import tracks_marker
from road_clarity.nodes.qos import RESULT
from road_clarity.nodes.stage_node import Sight, StageNode
from road_clarity.pipeline.tracking import TrackerConfig, TrackStage
from road_clarity.safety.scene import Segmentation, Tracks


class TrackerNode(StageNode):
    """Follows on the frames that were segmented, for tracks start from the segmentation."""

    part = "tracks"

    def __init__(self) -> None:
        super().__init__("tracker")
        self._tracks = self.create_lifecycle_publisher(msg.TrackArray, "~/out/tracks", RESULT)
        self._markers = self.create_lifecycle_publisher(ImageMarker, "~/out/markers", RESULT)

    def make_stage(self, settings: TrackerConfig, device: str) -> TrackStage:
        return TrackStage(settings, device)

    def hear_segmentation(self, sight: Sight, segmentation: Segmentation | None) -> None:
        """Listener of the segmentation node; None where it failed."""
        self.offer(replace(sight, segmentation=segmentation))

    def infer(self, sight: Sight) -> Tracks:
        tracks: Tracks = self._stage.run(sight.frame, sight.segmentation)
        return tracks

    def publish(self, part: Tracks, header: Header) -> None:
        self._tracks.publish(tracks_to_message(part, header))
        self._markers.publish(tracks_marker(part, header))
