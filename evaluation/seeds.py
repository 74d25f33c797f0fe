"""Seeds as the command line names them: A:B, from A up to but without B."""

from __future__ import annotations

import re

from road_clarity.models.errors import BadInput


def seed_range(text: str) -> range:
    """Raises BadInput for what is no range, or an empty one."""
    if not re.fullmatch(r"[0-9]+:[0-9]+", text.strip(), re.ASCII):
        raise BadInput("--seeds", repr(text), "must be A:B with whole numbers, such as 20000:20008")
    first, end = (int(part) for part in text.split(":"))
    if first >= end:
        raise BadInput("--seeds", text, "is empty: A:B runs from A up to but without B")
    return range(first, end)
