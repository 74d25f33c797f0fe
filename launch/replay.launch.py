"""A recording in place of the camera.

ros2 launch road_clarity replay.launch.py source:=drive.mp4
"""

from launch import LaunchDescription

from road_clarity.nodes.launching import description
from road_clarity.nodes.table import REPLAY, REPLAY_ARGUMENTS


def generate_launch_description() -> LaunchDescription:
    return description(REPLAY, REPLAY_ARGUMENTS)
