"""What was seen of a camera topic, and what to think of it.  Knows nothing of rclpy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

from road_clarity.models.errors import BadInput
from road_clarity.nodes.findings import Finding, fail, ok, warn
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.image_message import frame_of, intrinsics_of, stamp_of

IMAGE_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
EARLY_S, LATE_S = 0.2, 1.0  # how far stamps may be ahead of the clock and behind it
SLOWEST = 5.0  # of a camera that is fit for driving [1/s]
LONGEST_GAP = 3.0  # times the usual time between two images
SAME_STAMP_NS = 1_000_000
NARROWEST, WIDEST = 10.0, 170.0  # field of view of a camera that K may speak of [degrees]


@dataclass
class Look:
    """What was seen of the topic."""

    topic: str
    info_topic: str
    types: set[str] = field(default_factory=set)
    publishers: list[str] = field(default_factory=list)  # of the image topic, by node
    image_topics: list[str] = field(default_factory=list)  # all that carry images
    info_topics: list[str] = field(default_factory=list)  # all that carry calibrations
    refused: list[str] = field(default_factory=list)  # why DDS does not match, by publisher
    image: Any = None  # the newest Image or CompressedImage
    info: Any = None  # the newest CameraInfo
    stamps: list[int] = field(default_factory=list)  # of all images [ns]
    info_stamps: set[int] = field(default_factory=set)  # [ns]
    now_ns: int = 0  # when the newest image came, by the clock that the nodes would use
    seconds: float = 0.0  # how long images were counted
    has_clock: bool = False  # whether /clock is published


def judge(seen: Look, use_sim_time: bool) -> list[Finding]:
    """From what was seen to findings."""
    found = [judge_topic(seen)]
    if not seen.types & set(IMAGE_TYPES):
        return found
    found += [judge_qos(seen), judge_sim_time(seen, use_sim_time)]
    if seen.image is None:
        fix = "start the driver's stream; if `ros2 topic hz` sees images here, see dds.* above"
        return [*found, fail("camera.images", f"no image comes on {seen.topic}", fix)]
    try:
        frame = frame_of(seen.image, 0, seen.now_ns, None)
    except BadInput as error:
        return [*found, fail("camera.images", f"{error.field} {error.value}", error.remedy)]
    return [
        *found,
        judge_image(frame, seen),
        judge_rate(seen),
        judge_stamps(seen.stamps),
        judge_time(seen),
        *judge_info(frame, seen),
    ]


def judge_topic(seen: Look) -> Finding:
    if not seen.types:
        text = f"nobody publishes on {seen.topic}"
        return fail("camera.topic", text, instead(seen.image_topics, seen.topic))
    if not seen.types & set(IMAGE_TYPES):
        text = f"{seen.topic} carries {', '.join(sorted(seen.types))}"
        return fail("camera.topic", text, instead(seen.image_topics, seen.topic))
    if len(seen.publishers) > 1:
        text = f"{' and '.join(sorted(seen.publishers))} publish on {seen.topic}"
        return warn("camera.topic", text, "stop one of them, or remap its images")
    return ok("camera.topic", f"{seen.topic}, {', '.join(sorted(seen.types))}")


def instead(topics: Iterable[str], wanted: str) -> str:
    """The argument that names a topic which is there, the likeliest first."""
    others = sorted(set(topics) - {wanted}, key=lambda one: (-likeness(one, wanted), one))
    if others:
        also = f" (there is also {', '.join(others[1:4])})" if others[1:] else ""
        return f"image_topic:={others[0]}{also}"
    return ("start the camera driver with the same ROS_DOMAIN_ID and "
            "ROS_AUTOMATIC_DISCOVERY_RANGE as this shell")  # fmt: skip


def likeness(one: str, other: str) -> int:
    """How many words of the names are the same."""
    return len(set(one.split("/")) & set(other.split("/")))


def judge_qos(seen: Look) -> Finding:
    if not seen.refused:
        return ok("camera.qos", "best effort, volatile, depth 1 matches what is offered")
    fix = "let the driver offer volatile durability and no deadline or lease that it cannot keep"
    return fail("camera.qos", f"DDS refuses: {'; '.join(seen.refused)}", fix)


def judge_sim_time(seen: Look, use_sim_time: bool) -> Finding:
    if use_sim_time and not seen.has_clock:
        text = "use_sim_time is true, but nobody publishes /clock: all time stands still"
        return fail("camera.sim_time", text, "use_sim_time:=false, or ros2 bag play --clock")
    if seen.has_clock and not use_sim_time:
        text = "somebody publishes /clock, and this would not listen to it"
        return warn("camera.sim_time", text, "use_sim_time:=true")
    return ok("camera.sim_time", "from /clock" if use_sim_time else "the clock of the machine")


def judge_image(frame: Frame, seen: Look) -> Finding:
    how = getattr(seen.image, "encoding", "") or getattr(seen.image, "format", "")
    return ok("camera.images", f"{frame.size[0]}x{frame.size[1]} {how}")


def judge_rate(seen: Look) -> Finding:
    """Counted as they came: what DDS lost is missing here as well."""
    rate = len(seen.stamps) / seen.seconds if seen.seconds > 0 else math.nan
    text = f"{rate:.1f} images/s over {seen.seconds:.1f} s"
    if not rate >= SLOWEST:
        fix = "set the driver's frame rate to 10 or more; raw images over UDP: see dds.* above"
        return warn("camera.rate", text, fix)
    return ok("camera.rate", text)


def judge_stamps(stamps: Sequence[int]) -> Finding:
    """In order, and without holes.  stamps: [ns], as they came; 0 was never set"""
    if not stamps or not all(stamps):
        fix = "let the driver stamp its images; until then they count from their arrival"
        return warn("camera.stamps", "images have no stamp", fix)
    steps = [(later - earlier) * 1e-9 for earlier, later in pairwise(stamps)]
    if any(step < 0 for step in steps):
        text = f"stamps go back by up to {-min(steps):.3f} s, which restarts what is remembered"
        return fail("camera.stamps", text, "let only one driver publish, and its clock not jump")
    if any(step == 0 for step in steps):
        fix = "let the driver publish every image once"
        return warn("camera.stamps", "some images come twice", fix)
    if steps and max(steps) > LONGEST_GAP * median(steps):
        text = f"{max(steps):.2f} s without an image, {median(steps):.2f} s are usual"
        fix = "compressed images, or a wired network; on one machine see dds.shared_memory"
        return warn("camera.stamps", text, fix)
    return ok("camera.stamps", f"in order, {median(steps):.3f} s apart" if steps else "one image")


def judge_time(seen: Look) -> Finding:
    """Late images make the risk unknown, and so do images that a wrong clock calls late."""
    if stamp_of(seen.image) == 0:
        return ok("camera.clock", "images count from their arrival")
    age_s = (seen.now_ns - stamp_of(seen.image)) * 1e-9
    if -EARLY_S <= age_s <= LATE_S:
        return ok("camera.clock", f"images are {age_s * 1e3:.0f} ms old")
    where = f"{age_s:.1f} s behind" if age_s > 0 else f"{-age_s:.1f} s ahead of"
    fix = ("let the driver stamp with system time, set both machines' clocks (chronyc makestep), "
           "or use_sim_time:=true with a /clock")  # fmt: skip
    return fail("camera.clock", f"stamps are {where} the clock", fix)


def judge_info(frame: Frame, seen: Look) -> list[Finding]:
    info = seen.info
    if info is None:
        there = sorted(set(seen.info_topics) - {seen.info_topic})
        estimated = "calibrate with camera_calibration, or do without: distances are estimated"
        fix = f"camera_info_topic:={there[0]}" if there else estimated
        return [warn("camera.info", f"no calibration comes on {seen.info_topic}", fix)]
    size = (info.width, info.height)
    if size != frame.size:
        text = f"is for {size[0]}x{size[1]}, the images are {frame.size[0]}x{frame.size[1]}"
        return [fail("camera.info", text, "calibrate at the size that is published")]
    return [judge_matrix(info), judge_info_stamps(seen)]


def judge_matrix(info: Any) -> Finding:
    """K as REP-104 has it: fx 0 cx, 0 fy cy, 0 0 1.  [px]"""
    known = intrinsics_of(info)
    again = "run camera_calibration again"
    if known is None:
        fix = "run camera_calibration, or do without: distances are estimated"
        return warn("camera.info", "the camera is not calibrated (K is zero)", fix)
    values = (known.fx, known.fy, known.cx, known.cy)
    if not all(map(math.isfinite, values)) or known.fy <= 0:
        return fail("camera.info", f"K holds {values}", again)
    if not (0 < known.cx < info.width and 0 < known.cy < info.height):
        text = f"the optical centre ({known.cx:.0f}, {known.cy:.0f}) lies outside the image"
        return fail("camera.info", text, again)
    view = math.degrees(2 * math.atan(info.width / (2 * known.fx)))
    text = f"{view:.0f} degrees wide, focal lengths {known.fx:.0f} and {known.fy:.0f} px"
    if not NARROWEST <= view <= WIDEST or not 0.5 <= known.fx / known.fy <= 2.0:
        return warn("camera.info", f"K is odd: {text}", again)
    return ok("camera.info", text)


def judge_info_stamps(seen: Look) -> Finding:
    """image_transport's promise: every CameraInfo has the stamp and frame of its image."""
    image_frame, info_frame = seen.image.header.frame_id, seen.info.header.frame_id
    if image_frame != info_frame:
        text = f"images are of {image_frame!r}, the calibration of {info_frame!r}"
        fix = "give both topics of the driver the same frame_id"
        return warn("camera.info_stamps", text, fix)
    near = [one for one in seen.info_stamps
            if any(abs(one - stamp) <= SAME_STAMP_NS for stamp in seen.stamps)]  # fmt: skip
    if not near:
        text = "no calibration has the stamp of an image"
        fix = f"camera_info_topic:= the one of the same driver as {seen.topic}"
        return warn("camera.info_stamps", text, fix)
    return ok("camera.info_stamps", f"{len(near)} calibrations with the stamps of images")
