"""Exports that lie on this machine would answer in place of the networks that tests look into."""

import os
import tempfile
from pathlib import Path

os.environ["ROAD_CLARITY_EXPORTS"] = str(Path(tempfile.gettempdir(), "no_exports_in_tests"))
