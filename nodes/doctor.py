"""What a machine needs to run this, checked one by one, with the remedy for whatever is missing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from road_clarity.models.errors import BadInput
from road_clarity.nodes.transport import (
    PROFILE_VARIABLE,
    SEGMENT_BYTES,
    SHARED_MEMORY,
    enough_shared_memory,
)

PYTHONS = ((3, 10), (3, 13))
LOCALHOST = "LOCALHOST"


@dataclass(frozen=True)
class Finding:
    subject: str
    state: str  # fine, notice or problem
    text: str
    remedy: str = ""


def examine() -> list[Finding]:
    """All findings, in the order in which problems are best fixed."""
    return [finding for check in CHECKS for finding in check()]


def check_python() -> list[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return [Finding("python", "fine", version)]
    return [Finding("python", "problem", f"{version} is not supported", "use Python 3.10 to 3.13")]


def check_ros() -> list[Finding]:
    if find_spec("rclpy") is None:
        remedy = "run `make setup`, or `source /opt/ros/jazzy/setup.bash` on a machine with apt ROS"
        return [Finding("ROS 2", "problem", "rclpy cannot be imported", remedy)]
    return [Finding("ROS 2", "fine", f"rclpy for {os.environ.get('ROS_DISTRO', 'jazzy')}")]


def check_messages() -> list[Finding]:
    if find_spec("road_clarity_msgs") is None:
        remedy = "run `msgs/build.sh`, or `colcon build` and `source install/setup.bash`"
        return [Finding("messages", "problem", "road_clarity_msgs is not built", remedy)]
    return [Finding("messages", "fine", "road_clarity_msgs is built")]


def check_discovery() -> list[Finding]:
    """Who hears us: by default every machine of the network."""
    domain, reach = (
        os.environ.get("ROS_DOMAIN_ID", "0"),
        os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET"),
    )
    text = f"domain {domain}, range {reach}"
    if reach == LOCALHOST:
        return [Finding("discovery", "fine", text)]
    remedy = "`export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST` keeps it on this machine"
    return [
        Finding("discovery", "notice", f"{text}: every machine of the network hears it", remedy)
    ]


def check_transport() -> list[Finding]:
    """Raw images need room in shared memory."""
    if PROFILE_VARIABLE in os.environ:
        profile = os.environ[PROFILE_VARIABLE]
        if not Path(profile).is_file():
            remedy = f"unset {PROFILE_VARIABLE} or correct it"
            return [Finding("transport", "problem", f"{profile} does not exist", remedy)]
        return [Finding("transport", "fine", f"your own profile {profile}")]
    if enough_shared_memory():
        return [Finding("transport", "fine", f"room for raw images in {SHARED_MEMORY}")]
    free = shutil.disk_usage(SHARED_MEMORY).free >> 20 if SHARED_MEMORY.is_dir() else 0
    text = f"{free} MiB free in {SHARED_MEMORY}, {2 * SEGMENT_BYTES >> 20} needed for raw images"
    return [
        Finding("transport", "notice", text, "start the container with --shm-size=1g or --ipc=host")
    ]


def check_weights() -> list[Finding]:
    """Every network's file against the hash in its card."""
    from road_clarity.pipeline.weights import names, read_state

    findings = []
    for name in names():
        try:
            _, card = read_state(name)
            findings.append(Finding(f"weights {name}", "fine", card.sha256[:12]))
        except BadInput as error:
            findings.append(Finding(f"weights {name}", "problem", str(error.value), error.remedy))
    return findings or [
        Finding(
            "weights", "problem", "there are none", "restore models/weights with `git checkout`"
        )
    ]


def check_device() -> list[Finding]:
    import torch

    if torch.cuda.is_available():
        return [Finding("device", "fine", torch.cuda.get_device_name())]
    return [Finding("device", "fine", f"no GPU; {os.cpu_count()} processor cores")]


CHECKS: tuple[Callable[[], list[Finding]], ...] = (
    check_python,
    check_ros,
    check_messages,
    check_discovery,
    check_transport,
    check_weights,
    check_device,
)
