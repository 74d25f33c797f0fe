"""The parts of a scene <-> road_clarity_msgs.  Pure functions; nothing is lost either way."""

from __future__ import annotations

import math

import numpy as np
from builtin_interfaces.msg import Time
from road_clarity_msgs import msg
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from road_clarity.nodes.pictures import from_image, to_image
from road_clarity.safety.ladder import Rung
from road_clarity.safety.scene import (
    Fault,
    Lane,
    Lanes,
    Promise,
    Reason,
    Risk,
    Scene,
    Segmentation,
    Track,
    Tracks,
    Unknown,
    World,
)

LEVELS = {
    "unknown": msg.Risk.UNKNOWN,
    "nominal": msg.Risk.NOMINAL,
    "elevated": msg.Risk.ELEVATED,
    "high": msg.Risk.HIGH,
}
LEVEL_NAMES = {number: name for name, number in LEVELS.items()}


def header_at(stamp_ns: int, frame_id: str) -> Header:
    seconds, nanoseconds = divmod(stamp_ns, 1_000_000_000)
    return Header(stamp=Time(sec=seconds, nanosec=nanoseconds), frame_id=frame_id)


def stamp_of(header: Header) -> int:
    """[ns]"""
    return int(header.stamp.sec) * 1_000_000_000 + int(header.stamp.nanosec)


def lanes_to_message(lanes: Lanes, header: Header) -> msg.LaneArray:
    return msg.LaneArray(header=header, lanes=[lane_to_message(lane) for lane in lanes.lanes])


def lane_to_message(lane: Lane) -> msg.Lane:
    x, y = zip(*lane.points, strict=True) if lane.points else ((), ())
    return msg.Lane(
        id=lane.id, x=list(map(float, x)), y=list(map(float, y)), confidence=float(lane.confidence)
    )


def lanes_from_message(message: msg.LaneArray) -> Lanes:
    return Lanes(stamp_of(message.header), tuple(lane_from_message(one) for one in message.lanes))


def lane_from_message(message: msg.Lane) -> Lane:
    return Lane(message.id, tuple(zip(message.x, message.y, strict=True)), message.confidence)


def tracks_to_message(tracks: Tracks, header: Header) -> msg.TrackArray:
    return msg.TrackArray(header=header, tracks=[track_to_message(one) for one in tracks.tracks])


def track_to_message(track: Track) -> msg.Track:
    return msg.Track(
        id=track.id,
        label=track.label,
        box=np.array(track.box, np.float64),
        confidence=float(track.confidence),
        age=track.age,
    )


def tracks_from_message(message: msg.TrackArray) -> Tracks:
    return Tracks(stamp_of(message.header), tuple(map(track_from_message, message.tracks)))


def track_from_message(message: msg.Track) -> Track:
    x0, y0, x1, y1 = message.box.tolist()
    return Track(message.id, message.label, (x0, y0, x1, y1), message.confidence, message.age)


def segmentation_to_message(segmentation: Segmentation, header: Header) -> Image:
    """mono8: each pixel is an index into safety.scene.CLASSES."""
    return to_image(segmentation.classes, "mono8", header)


def segmentation_from_message(message: Image, size: tuple[int, int]) -> Segmentation:
    """size: (width, height) of the camera's image [px]"""
    classes = from_image(message)
    assert classes is not None, "a segmentation has pixels"
    return Segmentation(stamp_of(message.header), classes, size)


def world_to_message(world: World, header: Header) -> msg.World:
    return msg.World(
        header=header,
        error=float(world.error),
        error_p=float(world.error_p),
        surprise=float(world.surprise),
        surprise_p=float(world.surprise_p),
        p_value=float(world.p_value),
        calibration_id=world.calibration_id,
        horizon_s=float(world.horizon_s),
        error_map=to_image(world.error_map, "32FC1", header),
        reconstruction=to_image(world.reconstruction, "rgb8", header),
        prediction=to_image(world.prediction, "rgb8", header),
    )


def world_from_message(message: msg.World) -> World:
    error_map, reconstruction = from_image(message.error_map), from_image(message.reconstruction)
    assert error_map is not None and reconstruction is not None, "a world model draws the image"
    return World(
        stamp_ns=stamp_of(message.header),
        error=message.error,
        error_p=message.error_p,
        error_map=error_map,
        surprise=message.surprise,
        surprise_p=message.surprise_p,
        horizon_s=message.horizon_s,
        p_value=message.p_value,
        calibration_id=message.calibration_id,
        reconstruction=reconstruction,
        prediction=from_image(message.prediction),
    )


def unknown_to_message(unknown: Unknown, header: Header) -> msg.Unknown:
    return msg.Unknown(
        header=header,
        score=float(unknown.score),
        p_value=float(unknown.p_value),
        scorers=list(unknown.scorers),
        p_values=[float(one) for one in unknown.scorers.values()],
        calibration_id=unknown.calibration_id,
    )


def unknown_from_message(message: msg.Unknown) -> Unknown:
    return Unknown(
        stamp_of(message.header),
        message.score,
        message.p_value,
        dict(zip(message.scorers, message.p_values, strict=True)),
        message.calibration_id,
    )


def faults_to_messages(faults: tuple[Fault, ...]) -> list[msg.Fault]:
    return [msg.Fault(code=fault.code, text=fault.text) for fault in faults]


def fault_from_message(message: msg.Fault) -> Fault:
    return Fault(message.code, message.text)


def reason_to_message(reason: Reason) -> msg.Reason:
    return msg.Reason(
        code=reason.code,
        share=float(reason.share),
        has_region=reason.region is not None,
        region=np.array(reason.region or (0.0, 0.0, 0.0, 0.0), np.float64),
        text=reason.text,
    )


def reason_from_message(message: msg.Reason) -> Reason:
    x0, y0, x1, y1 = message.region.tolist()
    region = (x0, y0, x1, y1) if message.has_region else None
    return Reason(message.code, message.share, region, message.text)


def rung_of(number: int) -> Rung:
    """A number that is no rung is UNKNOWN: what cannot be read is not calm."""
    try:
        return Rung(number)
    except ValueError:
        return Rung.UNKNOWN


def risk_to_message(risk: Risk, scene: Scene, now_ns: int, header: Header, rung: Rung) -> msg.Risk:
    """scene: what the risk was computed from at now_ns [ns]."""
    return msg.Risk(
        header=header,
        score=float(risk.score),
        level=LEVELS[risk.level],
        reasons=[reason_to_message(reason) for reason in risk.reasons],
        points=float(risk.points),
        promise=promise_to_message(risk.promise),
        lanes_age_s=age_s(scene.lanes, now_ns),
        segmentation_age_s=age_s(scene.segmentation, now_ns),
        tracks_age_s=age_s(scene.tracks, now_ns),
        world_age_s=age_s(scene.world, now_ns),
        unknown_age_s=age_s(scene.unknown, now_ns),
        rung=rung,
    )


def promise_to_message(promise: Promise) -> msg.Promise:
    p_value, alpha, threshold = (
        math.nan if value is None else float(value)
        for value in (promise.p_value, promise.alpha, promise.threshold)
    )
    return msg.Promise(
        state=promise.state, text=promise.text, p_value=p_value, alpha=alpha, threshold=threshold,
        calibration_id=promise.calibration_id or "",
    )  # fmt: skip


def promise_from_message(message: msg.Promise) -> Promise:
    p_value, alpha, threshold = (
        None if math.isnan(value) else value
        for value in (message.p_value, message.alpha, message.threshold)
    )
    calibration_id = message.calibration_id or None
    return Promise(message.state, message.text, p_value, alpha, calibration_id, threshold)


def age_s(part: Lanes | Segmentation | Tracks | World | Unknown | None, now_ns: int) -> float:
    """[s]; nan for a part that is missing"""
    return math.nan if part is None else (now_ns - part.stamp_ns) * 1e-9


def risk_from_message(message: msg.Risk) -> Risk:
    return Risk(
        stamp_of(message.header),
        message.score,
        LEVEL_NAMES[message.level],
        tuple(reason_from_message(reason) for reason in message.reasons),
        message.points,
        promise_from_message(message.promise),
    )
