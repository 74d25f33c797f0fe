"""The perception process: the camera's only subscription and the four networks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict

import cv2
import torch
from rclpy.node import Node

from road_clarity.nodes.intake import PerceptionNode
from road_clarity.nodes.lane import LaneNode
from road_clarity.nodes.process import run
from road_clarity.nodes.segmentation import SegmentationNode
from road_clarity.nodes.stage_node import StageNode
from road_clarity.nodes.tracker import TrackerNode
from road_clarity.nodes.world_model import WorldModelNode
from road_clarity.pipeline.evidence.provenance import Origin

NETWORKS = 4


def make_nodes() -> Sequence[Node]:
    """All nodes, connected.  The camera comes last: by then the networks are ready."""
    lane, segmentation, tracker, world = (
        LaneNode(), SegmentationNode(), TrackerNode(), WorldModelNode(),
    )  # fmt: skip
    perception = PerceptionNode()
    networks: list[StageNode] = [lane, segmentation, tracker, world]
    perception.listeners += [network.offer for network in networks]
    for network in networks:
        network.listeners.append(perception.overlay.listener(network.part))
        network.listeners.append(perception.evidence.listener(network.part))
    perception.origin = lambda: origin_of(networks)
    return [*networks, perception]


def origin_of(networks: Sequence[StageNode]) -> Origin:
    """What judges the images; the safety node's own settings are those of its process."""
    running = [one for network in networks for one in network.networks]
    return Origin(
        {one.card.name: one.card.sha256 for one in running},
        {network.part: asdict(network.built) for network in networks if network.built},
        {one.card.name: one.runtime.as_dict() for one in running},
    )


def share_cores() -> None:
    """The networks run side by side, so each gets its share of the cores and not all of them."""
    share = max(1, (os.cpu_count() or 1) // NETWORKS)
    torch.set_num_threads(share)
    cv2.setNumThreads(share)


def main() -> int:
    share_cores()
    return run(make_nodes)


if __name__ == "__main__":
    raise SystemExit(main())
