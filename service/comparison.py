"""Two explanations side by side, as a message of the protocol."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from road_clarity.pipeline.event_course import shares_of
from road_clarity.pipeline.map_comparison import MapPair, compared
from road_clarity.service.frame_explanation import Maps
from road_clarity.service.gen import explanation_service_pb2 as pb
from road_clarity.service.messages import models

Response = pb.CompareExplanationsResponse
OBJECT = re.compile(r"[a-z]+ \d+")  # kind and number of a tracked one


def comparison(one: Maps, other: Maps) -> pb.CompareExplanationsResponse:
    return Response(
        maps=[map_pair(pair) for pair in compared(one.maps, other.maps)],
        shares=shares(one, other),
        causes=causes(one.verdicts, other.verdicts),
        models_of_one=models(one.sha256),
        models_of_other=models(other.sha256),
    )


def map_pair(pair: MapPair) -> Any:
    figures = {"rank_correlation": pair.rank_correlation, "top_overlap": pair.top_overlap}
    known = {name: value for name, value in figures.items() if math.isfinite(value)}
    return Response.MapPair(one=pair.one, other=pair.other, **known)


def shares(one: Maps, other: Maps) -> list[Any]:
    """Of the recorded reasons; none when a side has no record."""
    if one.subject.row is None or other.subject.row is None:
        return []
    a, b = shares_of(one.subject.row), shares_of(other.subject.row)
    found = [
        Response.ShareDifference(
            code=code, one=a.get(code, 0.0), other=b.get(code, 0.0),
            delta=b.get(code, 0.0) - a.get(code, 0.0),
        )
        for code in sorted(a.keys() | b.keys())
    ]  # fmt: skip
    return sorted(found, key=lambda difference: -abs(difference.delta))


def causes(one: Mapping[str, str], other: Mapping[str, str]) -> list[Any]:
    """Of what has a verdict on either side; an object is the same whatever points to it."""
    if not one or not other:
        return []
    sides = [{name_of(label): (label, verdict) for label, verdict in side.items()}
             for side in (one, other)]  # fmt: skip
    found = []
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        labels, verdicts = zip(*(side.get(name, ("", "")) for side in sides), strict=True)
        label = name if all(labels) and labels[0] != labels[1] else "".join(dict.fromkeys(labels))
        found.append(Response.CauseDifference(label=label, one=verdicts[0], other=verdicts[1]))
    return found


def name_of(label: str) -> str:
    """person 3, corridor.person -> person 3, as the reasons may differ from side to side."""
    head = label.partition(",")[0]
    return head if OBJECT.fullmatch(head) else label
