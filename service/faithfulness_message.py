"""What a map is worth, as a message of the protocol."""

from __future__ import annotations

import math
from typing import Any

from road_clarity.safety.map_faithfulness import BETTER, NOT_BETTER, Faithfulness
from road_clarity.service.gen import explanation_service_pb2 as pb

VERDICTS = {
    BETTER: pb.FAITHFULNESS_VERDICT_BETTER_THAN_CHANCE,
    NOT_BETTER: pb.FAITHFULNESS_VERDICT_NOT_BETTER,
}
FIGURES = (
    "deletion",
    "insertion",
    "deletion_random",
    "insertion_random",
    "deletion_moved",
    "insertion_moved",
    "randomisation",
    "stability",
)


def faithfulness_message(of: str, found: Faithfulness | None) -> pb.Faithfulness | None:
    """of: the map.  None when it was not measured."""
    if found is None:
        return None
    figures: dict[str, Any] = {name: getattr(found, name) for name in FIGURES}
    return pb.Faithfulness(
        map=of,
        verdict=VERDICTS.get(found.verdict, pb.FAITHFULNESS_VERDICT_UNTOLD),
        text=found.text,
        chances=found.chances,
        **{name: value for name, value in figures.items() if math.isfinite(value)},
    )
