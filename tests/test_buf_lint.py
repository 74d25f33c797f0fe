"""The protocol keeps the rules of buf (STANDARD), but for the two that Google's own API breaks."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUF = shutil.which("buf") or shutil.which("buf", path=Path(sys.executable).parent)


@pytest.mark.skipif(BUF is None, reason="buf is not installed: pip install -e '.[lint]'")
def test_buf_finds_nothing():
    done = subprocess.run([BUF, "lint"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
