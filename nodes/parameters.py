"""ROS parameters from settings dataclasses: declared with meaning and range, read back checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

Settings = TypeVar("Settings")

WIDEST_FLOAT, WIDEST_INT = 1.0e308, 2**62


def declare(node: Node, defaults: Any, prefix: str = "") -> None:
    """Declare every field of `defaults`; a field of a group is called 'group.field'."""
    for one in fields(defaults):
        name, value = prefix + one.name, getattr(defaults, one.name)
        if is_dataclass(value):
            declare(node, value, f"{name}.")
        else:
            node.declare_parameter(name, value, descriptor(value, dict(one.metadata)))


def descriptor(value: Any, metadata: dict[str, Any]) -> ParameterDescriptor:
    """What `ros2 param describe` shows, and the range that rclpy enforces."""
    low, high = metadata.get("low"), metadata.get("high")
    told = ParameterDescriptor(description=metadata.get("doc", ""))
    if metadata.get("among"):
        told.additional_constraints = f"one of {', '.join(metadata['among'])}"
    if low is None and high is None:
        return told
    if isinstance(value, float):
        told.floating_point_range = [
            FloatingPointRange(
                from_value=float(-WIDEST_FLOAT if low is None else low),
                to_value=float(WIDEST_FLOAT if high is None else high),
            )
        ]
    else:
        told.integer_range = [
            IntegerRange(
                from_value=int(-WIDEST_INT if low is None else low),
                to_value=int(WIDEST_INT if high is None else high),
                step=1,
            )
        ]
    return told


def read(node: Node, defaults: Settings, prefix: str = "") -> Settings:
    """The settings as the parameters have them now.  Raises BadInput."""
    values: dict[str, Any] = {}
    for one in fields(defaults):  # type: ignore[arg-type]
        name, value = prefix + one.name, getattr(defaults, one.name)
        values[one.name] = (
            read(node, value, f"{name}.") if is_dataclass(value) else current(node, name, value)
        )
    return type(defaults)(**values)


def current(node: Node, name: str, default: Any) -> Any:
    """ROS hands lists back where a tuple was declared."""
    value = node.get_parameter(name).value
    return tuple(value) if isinstance(default, tuple) else value


def flat(settings: Any, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """(parameter name, value, meaning) of every field, groups included."""
    for one in fields(settings):
        name, value = prefix + one.name, getattr(settings, one.name)
        if is_dataclass(value):
            yield from flat(value, f"{name}.")
        else:
            yield name, value, one.metadata.get("doc", "")
