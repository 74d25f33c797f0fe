"""Everything but the camera driver.

ros2 launch road_clarity drive.launch.py image_topic:=/my_camera/image_raw
"""

from launch import LaunchDescription

from road_clarity.nodes.launching import description
from road_clarity.nodes.table import DRIVE, DRIVE_ARGUMENTS


def generate_launch_description() -> LaunchDescription:
    return description(DRIVE, DRIVE_ARGUMENTS)
