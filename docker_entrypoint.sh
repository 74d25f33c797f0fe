#!/bin/sh
# A command runs as it is; launch arguments (name:=value), or nothing, start the nodes.
. /opt/ros/jazzy/setup.sh
. /opt/road_clarity/install/setup.sh
case "${1:-}" in
    "" | *:=*) exec ros2 launch road_clarity drive.launch.py "$@" ;;
    *) exec "$@" ;;
esac
