"""What a network says must be numbers: nan would read as "nothing there", which is calm."""

from __future__ import annotations

from torch import Tensor


def require_finite(network: str, *answers: Tensor) -> None:
    """Raises ValueError when any value is nan or infinite; the pipeline makes that a fault."""
    if not all(bool(answer.isfinite().all()) for answer in answers):
        raise ValueError(f"the {network} network's answer is not finite")
