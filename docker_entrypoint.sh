#!/bin/sh
# A command runs as it is; launch arguments (name:=value), or nothing, start the nodes.
for setup in /opt/ros/jazzy/setup.sh /opt/ros/jazzy/install/setup.sh /opt/road_clarity/install/setup.sh; do
    # shellcheck source=/dev/null
    if [ -f "$setup" ]; then . "$setup"; fi
done
case "${1:-}" in
    "" | *:=*) exec ros2 launch road_clarity drive.launch.xml "$@" ;;
    *) exec "$@" ;;
esac
