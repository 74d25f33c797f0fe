"""The golden outputs of the public implementations, and the formula of their weights and inputs.

They lie beside the data (ROAD_CLARITY_DATA), never in the repository; tests skip without them.
"""

from __future__ import annotations

import importlib.util
import json
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

from road_clarity.training.data_root import find_data_root

ROOT = find_data_root()
FOLDER = ROOT.parent / "golden" if ROOT is not None else None
CASES = (
    "scnn_vgg16_288x800",
    "ffnet_40s_bbb_256x512",
    "ffnet_46ns_ccc_256x512",
    "ffnet_78s_dbbb_256x512",
    "lorat_s_224",
)
needs_golden = pytest.mark.skipif(
    FOLDER is None or not (FOLDER / "keys.json").is_file(),
    reason="no golden outputs beside the data (ROAD_CLARITY_DATA)",
)


def formula() -> ModuleType:
    """fill(state, salt) and image(name, shape)."""
    assert FOLDER is not None
    spec = importlib.util.spec_from_file_location("formula", FOLDER / "formula.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def published_state(case: str, salt: str = "visible") -> dict[str, Tensor]:
    """Exactly the published keys and shapes, with the weights behind the golden output."""
    assert FOLDER is not None
    keys = json.loads((FOLDER / "keys.json").read_text())[case]["keys"]
    blank = {
        key: torch.zeros(shape, dtype=torch.int64 if key.endswith("_tracked") else torch.float32)
        for key, shape in keys.items()
    }
    state: dict[str, Tensor] = formula().fill(blank, salt)
    return {key: value * damping(key) for key, value in state.items()}


def damping(key: str) -> float | int:
    """What keys.json's notes multiply the formula's weights by."""
    if key.startswith("message_passing."):
        return 0.05
    if ".lora." in key:
        return 0.5
    return 0.1 if key.endswith(".gamma") else 1


def outputs(case: str) -> dict[str, np.ndarray]:
    assert FOLDER is not None
    return dict(np.load(FOLDER / f"{case}.npz"))
