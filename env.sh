# Source this in an activated virtual environment that holds the ROS wheels, before colcon or a node of its workspace:
#
#   . .venv/bin/activate && . ./env.sh && colcon build && . install/setup.bash
#
# Not needed for `road-clarity` or pytest, and never together with /opt/ros/jazzy/setup.bash: on apt ROS source that alone.

: "${VIRTUAL_ENV:?activate the virtual environment first: . .venv/bin/activate}"

# Where ament looks for packages, and CMake for their configuration.
export AMENT_PREFIX_PATH=$VIRTUAL_ENV${AMENT_PREFIX_PATH:+:$AMENT_PREFIX_PATH}
export CMAKE_PREFIX_PATH=$VIRTUAL_ENV${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}

# The wheels would find their libraries themselves, but start Python twice for it and in an order that differs from
# start to start; said here, the order is fixed and an overlay's libraries come first.
_libraries=$VIRTUAL_ENV/lib
for _folder in "$VIRTUAL_ENV"/lib/python3.*/site-packages/ros_*.libs; do
    _libraries=$_libraries:$_folder
done
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$_libraries
export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
unset _libraries _folder
