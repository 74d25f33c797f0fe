"""Where the data lie: ROAD_CLARITY_DATA, else ../shared/data beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

from road_clarity.models.errors import BadInput

BESIDE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "data"


def find_data_root() -> Path | None:
    """The data folder, or None where there is none."""
    root = Path(os.environ.get("ROAD_CLARITY_DATA", BESIDE_CHECKOUT))
    return root if root.is_dir() else None


def data_root() -> Path:
    """The data folder.  Raises BadInput where there is none."""
    root = find_data_root()
    if root is None:
        raise BadInput("ROAD_CLARITY_DATA", BESIDE_CHECKOUT, "no such folder; point it at the data")
    return root
