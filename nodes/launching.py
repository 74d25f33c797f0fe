"""The node table as a launch description.

Only the launch files import this; `launch` comes with apt ROS.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, Shutdown
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from road_clarity.models.errors import BadInput
from road_clarity.nodes.table import (
    PACKAGE,
    RESTART_PAUSE_S,
    Argument,
    Process,
    Start,
    filled,
    starts,
)


def description(
    processes: Sequence[Process], arguments: Mapping[str, Argument]
) -> LaunchDescription:
    """Declares the arguments, and starts the processes with what was given."""

    def begin(context: LaunchContext) -> list[Node]:
        given = {name: context.launch_configurations[name] for name in arguments}
        values = {name: filled(text, given) for name, text in given.items()}
        require_file(values["params_file"])
        return [node(one) for one in starts(processes, values)]

    declared = [
        DeclareLaunchArgument(
            name, default_value=one.default, description=one.doc, choices=list(one.among) or None
        )
        for name, one in arguments.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=begin)])


def require_file(path: str) -> None:
    """launch itself only warns, and would drive with the defaults.  Raises BadInput."""
    if path and not Path(path).is_file():
        raise BadInput("params_file", path, "no such file")


def node(start: Start) -> Node:
    """No name: a process may hold several nodes, and a name would be given to all of them."""
    service = start.process.is_service
    ending: dict[str, Any] = {"respawn": True, "respawn_delay": RESTART_PAUSE_S}
    if not service:
        ending = {"on_exit": [Shutdown(reason="the recording is over")]}
    return Node(
        **executable(start.process),
        namespace=start.namespace or None,
        remappings=list(start.remaps),
        parameters=parameters(start),
        ros_arguments=["--log-level", start.log_level, "--enclave", start.process.enclave],
        output="screen",
        **ending,
    )


def parameters(start: Start) -> list[Any]:
    """A text is marked as such: launch would make a number of the path of camera '0'."""
    given = {
        name: ParameterValue(value, value_type=str) if isinstance(value, str) else value
        for name, value in start.parameters.items()
    }
    return [start.params_file, given] if start.params_file else [given]


def executable(process: Process) -> dict[str, Any]:
    """The installed executable; the module itself where the package was not installed by colcon."""
    try:
        installed = Path(get_package_prefix(PACKAGE), "lib", PACKAGE, process.executable).exists()
    except (PackageNotFoundError, OSError):  # OSError: no AMENT_PREFIX_PATH at all
        installed = False
    if installed:
        return {"package": PACKAGE, "executable": process.executable}
    return {"executable": sys.executable, "arguments": ["-m", process.module]}
