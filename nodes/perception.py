"""The perception process: the camera's only subscription, the four networks, and what needs all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from rclpy.node import Node

from road_clarity.nodes.explainer import ExplainerNode
from road_clarity.nodes.intake import PerceptionNode
from road_clarity.nodes.lane import LaneNode
from road_clarity.nodes.process import run
from road_clarity.nodes.segmentation import SegmentationNode
from road_clarity.nodes.stage_node import StageNode
from road_clarity.nodes.tracker import TrackerNode
from road_clarity.nodes.unknown_scene import UnknownSceneNode
from road_clarity.nodes.world_model import WorldModelNode
from road_clarity.pipeline.cores import share, use_threads
from road_clarity.pipeline.evidence.provenance import Origin


def make_nodes() -> Sequence[Node]:
    """All nodes, connected.  The camera comes last: by then the networks are ready."""
    use_threads(share())
    world, unknown, explainer = WorldModelNode(), UnknownSceneNode(), ExplainerNode()
    networks: list[StageNode] = [LaneNode(), SegmentationNode(), TrackerNode(), world]
    perception = PerceptionNode()
    everybody: list[StageNode] = [*networks, unknown]
    for network in networks:
        network.listeners.append(unknown.listener(network.part))
    for network in everybody:
        network.listeners.append(perception.overlay.listener(network.part))
        network.listeners.append(perception.evidence.listener(network.part))
    unknown.cards_in_use = lambda: [one.card for network in networks for one in network.networks]
    explainer.networks = lambda: world.networks
    world.listeners.append(explainer.hear_world)
    perception.conductor.hearers.append(explainer.see_rung)
    perception.conductor.lead(networks, [unknown])
    perception.origin = lambda: origin_of(everybody)
    return [*everybody, explainer, perception]


def origin_of(networks: Sequence[StageNode]) -> Origin:
    """What judges the images; the safety node's own settings are those of its process."""
    running = [one for network in networks for one in network.networks]
    return Origin(
        {one.card.name: one.card.sha256 for one in running},
        {network.part: asdict(network.built) for network in networks if network.built},
        {one.card.name: one.runtime.as_dict() for one in running},
    )


def main() -> int:
    return run(make_nodes)


if __name__ == "__main__":
    raise SystemExit(main())
