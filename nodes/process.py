"""The life of a process that hosts nodes: it survives failing callbacks, and has a last word."""

from __future__ import annotations

import os
import signal
import sys
import time
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
from road_clarity.nodes.watchdog import HANGS, LAST_WORDS_S, OF_PROCESS, WatchdogConfig

LONGEST_WAIT_S = 0.1  # how soon a signal is noticed
BEAT_S = 0.5  # how often the watchdog is told that callbacks still return


class Hosted(Protocol):
    """What a process expects of its nodes."""

    def start(self) -> None:
        """Bring the node into its working state; called once, before the first callback."""

    def stop(self) -> None:
        """Say what must be said last and end the threads; DDS still works."""

    def done(self) -> bool:
        """Whether the node has nothing more to do."""

    limits: WatchdogConfig

    def is_lost(self) -> bool:
        """Whether its thread hangs and is not expected to come back."""


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
    OF_PROCESS.arm()
    nodes: list[Node] = []
    hung = False
    try:
        nodes += make()
        for node in nodes:
            node.start()
        spin(nodes, stop)
    except (BadInput, *PARAMETER_ERRORS) as error:
        print(f"road_clarity: {error}", file=sys.stderr)
        return 2
    finally:
        hung = say_last_words(nodes)
    if hung:  # an orderly end would wait for the thread
        sys.stderr.flush()
        os._exit(HANGS)
    return 0


def say_last_words(nodes: Sequence[Node]) -> bool:
    """Stop and destroy the nodes.  Returns whether one of them hangs for good."""
    OF_PROCESS.allow(LAST_WORDS_S)
    hung = any(node.is_lost() for node in nodes)
    for node in nodes:
        node.stop()
    for node in nodes:
        node.destroy_node()
    rclpy.try_shutdown()
    OF_PROCESS.pause()
    return hung


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
    pulse = Pulse(nodes)
    while rclpy.ok() and not stop.came and not all(node.done() for node in nodes):
        pulse.beat()
        if lost := [node.get_name() for node in nodes if node.is_lost()]:
            nodes[0].get_logger().fatal(f"{', '.join(lost)} hangs; the process ends")
            return
        try:
            executor.spin_once(timeout_sec=LONGEST_WAIT_S)
        except ExternalShutdownException:
            return
        except Exception:
            nodes[0].get_logger().error(f"a callback failed:\n{traceback.format_exc()}")


class Pulse:
    """Callbacks return: tells the watchdog now and then, as each time costs a thread."""

    def __init__(self, nodes: Sequence[Hosted]) -> None:
        self._nodes, self._next_s = nodes, 0.0

    def beat(self) -> None:
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + BEAT_S
            OF_PROCESS.allow(min(node.limits.restart_s for node in self._nodes))
