"""The life of a process that hosts nodes: it survives failing callbacks, and has a last word."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Protocol

import rclpy
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterUninitializedException,
)
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from road_clarity.models.errors import BadInput
from road_clarity.nodes.transport import tune

LONGEST_WAIT_S = 0.1  # how soon a signal is noticed


class Hosted(Protocol):
    """What a process expects of its nodes."""

    def start(self) -> None:
        """Bring the node into its working state; called once, before the first callback."""

    def stop(self) -> None:
        """Say what must be said last and end the threads; DDS still works."""

    def done(self) -> bool:
        """Whether the node has nothing more to do."""


class StopRequest:
    """Set by SIGINT and SIGTERM; rclpy's own handlers would take DDS away before a last word."""

    def __init__(self) -> None:
        self.came = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.came = True


def run(make: Callable[[], Sequence[Node]], args: Sequence[str] | None = None) -> int:
    """Host the nodes until they are done or a signal comes.  Returns the exit code."""
    tune()
    stop = StopRequest()
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    nodes: list[Node] = []
    try:
        nodes += make()
        for node in nodes:
            node.start()
        spin(nodes, stop)
    except (BadInput, *PARAMETER_ERRORS) as error:
        print(f"road_clarity: {error}", file=sys.stderr)
        return 2
    finally:
        for node in nodes:
            node.stop()
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


PARAMETER_ERRORS = (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterUninitializedException,
)


def spin(nodes: Sequence[Node], stop: StopRequest) -> None:
    """Run callbacks.  Any exception leaves rclpy's spin, a stranger's invalid transition id too."""
    executor = SingleThreadedExecutor()
    for node in nodes:
        executor.add_node(node)
    while rclpy.ok() and not stop.came and not all(node.done() for node in nodes):
        try:
            executor.spin_once(timeout_sec=LONGEST_WAIT_S)
        except ExternalShutdownException:
            return
        except Exception:
            nodes[0].get_logger().error(f"a callback failed:\n{traceback.format_exc()}")
