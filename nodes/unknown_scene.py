"""The unknown scene node: whether anybody here knows such a scene.  Scorers: pipeline.unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from road_clarity_msgs import msg
from std_msgs.msg import Header

from road_clarity.models.cards import Card
from road_clarity.nodes.conversions import unknown_to_message
from road_clarity.nodes.qos import RESULT
from road_clarity.nodes.stage_node import Sight, StageNode
from road_clarity.pipeline.unknown import UnknownConfig, UnknownStage
from road_clarity.safety.scene import Unknown

FRESH_NS = 500_000_000  # an older answer of a network says nothing of this image


class UnknownSceneNode(StageNode):
    """Looks at an image when the networks are through with it."""

    part = "unknown"

    def __init__(self) -> None:
        super().__init__("unknown_scene")
        self.cards_in_use: Callable[[], Iterable[Card]] = tuple
        self._answers: dict[str, Any] = {}
        self._unknown = self.create_lifecycle_publisher(msg.Unknown, "~/out/unknown", RESULT)

    def listener(self, name: str) -> Callable[[Sight, Any], None]:
        """What a network tells its answers of kind `name` to."""

        def hear(sight: Sight, part: Any) -> None:
            self._answers[name] = part

        return hear

    def build(self, settings: UnknownConfig) -> None:
        if settings.weights:
            super().build(settings)

    def make_stage(self, settings: UnknownConfig, device: str) -> UnknownStage | None:
        stage = UnknownStage(settings)
        if stage.knows(self.cards_in_use()):
            return stage
        self.get_logger().warning(
            f"{settings.weights} does not know the networks in use: no scene is called unknown; "
            "set weights to '' to say so"
        )
        return None

    def infer(self, sight: Sight) -> Unknown:
        lanes, classes, world = (
            self._fresh(name, sight) for name in ("lanes", "segmentation", "world")
        )
        found: Unknown = self._stage.run(sight.frame, lanes, classes, world)
        return found

    def _fresh(self, name: str, sight: Sight) -> Any:
        part = self._answers.get(name)
        if part is None or abs(sight.frame.stamp_ns - part.stamp_ns) > FRESH_NS:
            return None
        return part

    def publish(self, part: Unknown, header: Header) -> None:
        self._unknown.publish(unknown_to_message(part, header))
