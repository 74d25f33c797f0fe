"""/dev/shm that is too small or full: DDS goes on over the network stack, and nobody falls silent.

Each test has a /dev/shm of its own, which takes the right to mount one.
"""

import os
import subprocess
import sys

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

MOUNT = "mount -t tmpfs -o size={size} tmpfs /dev/shm"
MAY_MOUNT = subprocess.run(
    ["unshare", "-m", "sh", "-c", MOUNT.format(size="1m")], capture_output=True, check=False
)
pytestmark = [
    pytest.mark.ros,
    pytest.mark.skipif(MAY_MOUNT.returncode != 0, reason="may not mount a /dev/shm of its own"),
]

PROGRAM = """
import subprocess, sys, time
from pathlib import Path
import rclpy
from rclpy.executors import SingleThreadedExecutor
from road_clarity_msgs.msg import Risk
from road_clarity.nodes.supervisor import die_with_parent

class Listener:
    def __init__(self):
        self.context, self.heard = rclpy.Context(), []
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("listener", context=self.context)
        self.node.create_subscription(Risk, "/safety/out/risk", self.heard.append, 10)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)

    def hears(self, limit_s=25.0):
        until, wanted = time.monotonic() + limit_s, len(self.heard) + 3
        while len(self.heard) < wanted and time.monotonic() < until:
            self.executor.spin_once(timeout_sec=0.1)
        return len(self.heard) >= wanted

def fill():
    with Path("/dev/shm/full").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 20))
        except OSError:
            pass

safety = subprocess.Popen(
    [sys.executable, "-m", "road_clarity.nodes.safety"], preexec_fn=die_with_parent
)
first = Listener()
told = [first.hears()]
fill()
told += [first.hears(), Listener().hears(), safety.poll() is None]
safety.terminate()
told.append(safety.wait(20.0) == 0)
print(told, flush=True)
"""


@pytest.mark.fault(
    "/dev/shm is too small, or full",
    state="nothing changes for who is connected; whoever starts takes the default transport, and "
    "without any room UDP", within="at once", back="no interruption",
)  # fmt: skip
@pytest.mark.parametrize("size", ["1m", "300m"])  # too small for the profile; filled up later
def test_the_risk_is_heard_without_shared_memory(size):
    environment = os.environ | {
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_DOMAIN_ID": str(40 + os.getpid() % 60),
    }
    within = f'{MOUNT.format(size=size)} && exec "$0" -c "$1"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", within, sys.executable, PROGRAM],
        capture_output=True, text=True, check=False, timeout=110, env=environment,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == str([True] * 5), done.stdout + done.stderr
