"""An account of a frame as a message of the protocol, with its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.frame_row import rounded
from road_clarity.pipeline.overlay import heat_picture
from road_clarity.service import messages
from road_clarity.service.explainer import Account, MapAccount, PlaceAccount, Sheet
from road_clarity.service.gen import explanation_service_pb2 as pb
from road_clarity.service.gen import scene_pb2
from road_clarity.service.subject import Subject

LONGEST_SIDE = 1280  # of the pictures in an answer [px]
MOST_MAPS = 10  # of a layer's feature maps in an answer


def explanation(subject: Subject, account: Account, sha256: Mapping[str, str]) -> pb.Explanation:
    """sha256: of the weights that were used, by name."""
    world, image = account.world, subject.image
    answer = about(subject, sha256, account.truncated)
    details = pb.Explanation(
        anomaly=scene_pb2.Anomaly(
            score=rounded(world.error, 9),
            p_value=rounded(world.error_p, 9),
            calibration_id=world.calibration_id,
        ),
        regions=[region(place) for place in account.places],
        error_map=messages.picture(messages.PNG, png(heat_picture(small(image), world.error_map))),
        reconstruction=messages.picture(messages.PNG, png(world.reconstruction)),
    )
    answer.MergeFrom(details)
    return answer


def map_explanation(
    subject: Subject, account: MapAccount, sha256: Mapping[str, str]
) -> pb.Explanation:
    """sha256: of the weights that were used, by name."""
    answer, image = about(subject, sha256, account.truncated), small(subject.image)
    for one in account.maps:
        drawn = messages.picture(messages.PNG, png(heat_picture(image, one.strength)))
        answer.network_maps.add(network=one.of, layer=one.layer, picture=drawn)
    return answer


def sheet_explanation(
    subject: Subject, drawn: Sequence[Sheet], sha256: Mapping[str, str]
) -> pb.Explanation:
    """sha256: of the weights that were used, by name."""
    answer = about(subject, sha256, truncated=False)
    for one in drawn:
        sheet = answer.sheets.add(name=one.name, caption=one.caption)
        if one.page is not None:
            sheet.picture.CopyFrom(messages.picture(messages.PNG, png(one.page)))
    return answer


def about(subject: Subject, sha256: Mapping[str, str], truncated: bool) -> pb.Explanation:
    """What every kind of explanation says."""
    return pb.Explanation(
        event_id=subject.event_id,
        recorded=None if subject.row is None else messages.risk_state(subject.row),
        width=subject.image.shape[1],
        height=subject.image.shape[0],
        models=messages.models(sha256),
        truncated_by_deadline=truncated,
    )


def region(found: PlaceAccount) -> pb.RegionError:
    layers = [
        pb.Layer(name=layer.name, separability=rounded(layer.separability, 6))
        for layer in found.seen.layers
    ]
    return pb.RegionError(
        label=found.place.label,
        box=messages.box(found.place.box),
        error_share=found.seen.error_share,
        times_worse=found.seen.times_worse,
        verdict=found.seen.verdict,
        layers=layers,
        latent_change=found.seen.latent_change,
        cause=str(found.seen.cause),
        layer=found.seen.layer,
        unexplained=found.seen.unexplained,
        maps_of=found.seen.maps_of,
        maps=[
            pb.MapShare(channel=one.channel, share=one.share) for one in found.seen.maps[:MOST_MAPS]
        ],
    )


def small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3), at most LONGEST_SIDE a side: drawing takes hundreds of bytes per pixel."""
    scale = LONGEST_SIDE / max(image.shape[:2])
    if scale >= 1.0:
        return image
    size = max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def png(image: NDArray[np.uint8]) -> bytes:
    """image: (H, W, 3) RGB"""
    _, content = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return content.tobytes()
