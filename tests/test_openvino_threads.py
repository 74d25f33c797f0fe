"""Networks on OpenVINO see their first images side by side, each in a thread of its own."""

import subprocess
import sys

import pytest

pytest.importorskip("openvino", reason="OpenVINO is not installed")

# Without package() 14 of 18 such processes hung: OpenVINO looks numpy up at its first
# array, and each thread waited for what the other held, the interpreter or that look.
THREADS = """
import sys, threading
from road_clarity.pipeline.backends.openvino_ir import package
openvino = package()
sys.setswitchinterval(1e-6)
together = threading.Barrier(8)

def first_array():
    together.wait()
    openvino.Type.f32.to_dtype()

threads = [threading.Thread(target=first_array) for _ in range(8)]
for one in threads:
    one.start()
for one in threads:
    one.join()
"""


def test_first_arrays_of_several_threads_do_not_wait_for_one_another():
    subprocess.run([sys.executable, "-c", THREADS], timeout=60, check=True)
