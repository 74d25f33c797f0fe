"""What it takes to run here, checked one by one; every problem comes with what fixes it.

The checks are in `doctor_machine`, `doctor_ros`, `doctor_dds` and
`doctor_files`; a running camera is looked at
by `doctor_camera`.
"""

from __future__ import annotations

from dataclasses import dataclass

from road_clarity.nodes import doctor_dds, doctor_files, doctor_machine, doctor_ros
from road_clarity.nodes.findings import Finding, failed

NEEDED_FOR_CAMERA = ("ros", "messages", "dds.rmw", "dds.domain", "dds.profile", "dds.security")


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is meant to run; the same words as for `up`."""

    preset: str = "edge"
    device: str = "auto"
    params_file: str = ""
    namespace: str = ""
    image_topic: str = ""  # empty: no camera is looked at
    camera_info_topic: str = ""  # empty: beside the images
    use_sim_time: bool = False
    seconds: float = 3.0  # how long images are counted

    @property
    def info_topic(self) -> str:
        """As image_transport has it: the last word of the image topic is camera_info."""
        beside = self.image_topic.removesuffix("/compressed").rpartition("/")[0]
        return self.camera_info_topic or f"{beside}/camera_info"


def examine(asked: Question) -> list[Finding]:
    """All findings, in the order in which problems are best fixed.  Raises BadInput."""
    found = [*doctor_machine.check(asked.device), *doctor_ros.check(), *doctor_dds.check()]
    has_ros = not failed(found, ("ros", "dds.rmw"))
    found += doctor_files.check(asked.preset, asked.params_file, has_ros)
    if asked.image_topic and not failed(found, NEEDED_FOR_CAMERA):
        from road_clarity.nodes.doctor_camera import examine_camera

        found += examine_camera(asked)
    return found
