"""ROS: rclpy and our messages, each tried in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from road_clarity.nodes.findings import FAIL, Finding, fail, ok, warn

MESSAGES = "road_clarity_msgs"
USE = """
from rclpy.type_support import check_for_type_support
from road_clarity_msgs.msg import Risk
check_for_type_support(Risk)
"""
PATIENCE_S = 60.0
SOURCES = Path(__file__).resolve().parents[1] / "msgs" / "msg"
BUILD = "`msgs/build.sh`, or `colcon build` and `. install/setup.bash` in an apt workspace"


def check() -> list[Finding]:
    ros = check_ros(os.environ)
    return [ros, check_messages(SOURCES, ros.state != FAIL)]


def has_wheels() -> bool:
    """Whether rclpy came with pip into this Python."""
    found = find_spec("rclpy")
    return found is not None and str(found.origin).startswith(sys.prefix)


def check_ros(environment: Mapping[str, str]) -> Finding:
    if find_spec("rclpy") is None:
        fix = "`make setup`, or `. /opt/ros/jazzy/setup.bash` on a machine with apt ROS"
        return fail("ros", "rclpy is not there", fix)
    mixed = [name for name in ("AMENT_PREFIX_PATH", "LD_LIBRARY_PATH", "PYTHONPATH")
             if "/opt/ros/" in environment.get(name, "")]  # fmt: skip
    if has_wheels() and mixed:
        fix = f"use a shell in which /opt/ros was not sourced, or `unset {' '.join(mixed)}`"
        return fail("ros", f"ROS of pip and of apt are mixed ({', '.join(mixed)})", fix)
    refused = tried("import rclpy")
    if refused:
        fix = "`unset _ROS_WHEELS_BOOTSTRAP_COMPLETE LD_LIBRARY_PATH` (or keep both), or make setup"
        return fail("ros", f"rclpy cannot be imported: {refused}", fix)
    distro = environment.get("ROS_DISTRO", "jazzy")
    if distro != "jazzy":
        fix = "`. /opt/ros/jazzy/setup.bash` instead"
        return warn("ros", f"ROS {distro}: made for and tested with jazzy", fix)
    return ok("ros", "rclpy of " + ("Python wheels" if has_wheels() else "apt"))


def tried(code: str) -> str:
    """The last words of a Python that runs this; empty when it ends well.

    Not in this process: rcl ends it when it finds a middleware that it does not know.  Which one
    is chosen is looked at by itself (`doctor_dds`).
    """
    environment = {
        name: value for name, value in os.environ.items() if name != "RMW_IMPLEMENTATION"
    }
    words = [sys.executable, "-c", code]
    done = subprocess.run(
        words, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return said[-1] if done.returncode else ""


def check_messages(sources: Path, has_ros: bool) -> Finding:
    """Built, for this Python (which only ROS can tell), and from these sources."""
    found = find_spec(MESSAGES)
    if found is None or found.origin is None:
        return fail("messages", f"{MESSAGES} is not built", BUILD)
    package = Path(found.origin).parent
    refused = tried(USE) if has_ros else ""
    if refused:
        text = f"{package} was not built for Python {sys.version.split()[0]}: {refused}"
        return fail("messages", text, BUILD)
    installed = installed_definitions()
    if not sources.is_dir() or installed is None:
        return ok("messages", f"{MESSAGES} in {package.parent}")
    changed = different(sources, installed)
    if changed:
        text = f"not as in the sources: {', '.join(changed)}"
        return fail("messages", text, BUILD)
    return ok("messages", f"{MESSAGES}, as in {sources}")


def installed_definitions() -> Path | None:
    """Where the definitions lie that the package was built from."""
    places = (prefix / "share" / MESSAGES / "msg" for prefix in prefixes())
    return next((place for place in places if place.is_dir()), None)


def prefixes() -> list[Path]:
    """Where ROS packages may lie, the first that has one counts."""
    given = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    return [Path(one) for one in (*given, sys.prefix) if one]


def different(sources: Path, installed: Path) -> list[str]:
    """Names of the messages that are not the same in both."""
    names = sorted({path.name for folder in (sources, installed) for path in folder.glob("*.msg")})
    return [name for name in names if content(sources / name) != content(installed / name)]


def content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
