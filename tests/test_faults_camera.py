"""What a camera may do, and what the risk says of it: all nodes, with networks that are calm."""

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

from made_road import CompressedImage, Image, codes, driving
from rosgraph_msgs.msg import Clock

from road_clarity.nodes.conversions import header_at
from road_clarity.pipeline.image_message import stamp_of

pytestmark = pytest.mark.ros

SECOND = 1_000_000_000  # [ns]


@pytest.fixture
def road(monkeypatch):
    with driving(monkeypatch) as one:
        one.until_calm()
        yield one


@pytest.mark.claim("silence")
@pytest.mark.fault(
    "camera stops", state="unknown: input.missing", within="0.4 s (`silence`)", back="0.5 s"
)
def test_a_camera_that_stops_is_missed_until_it_goes_on(road):
    street, road.show = road.show, None
    road.until_told("input.missing")
    road.show = street
    road.until_calm()


@pytest.mark.fault("camera stops")
def test_the_diagnostics_say_that_no_image_comes(road):
    road.show = None
    road.until_diagnosed("perception", "for over 1 s nothing came of: image")
    road.until_diagnosed("lane", "for over 1 s nothing came of: image")
    heard = {one.key: one.value for one in road.told["perception"][-1].values}["image heard"]
    assert heard.endswith("s ago")


@pytest.mark.claim("silence")
@pytest.mark.fault("safety process is killed (kill -9)")
def test_perception_says_on_diagnostics_that_no_risk_comes(road):
    road.executor.remove_node(road.safety)  # as if it were dead
    road.until_diagnosed("perception", "for over 1 s nothing came of: risk")
    road.executor.add_node(road.safety)
    road.until_calm()


@pytest.mark.claim("blind")
@pytest.mark.fault(
    "camera freezes", state="unknown: input.frozen", within="0.3 s (`gate.frozen_s`)", back="0.5 s"
)
def test_a_camera_that_repeats_an_image_is_frozen(road):
    road.show = road.still
    road.until_told("input.frozen")
    road.until_diagnosed("perception", "the image has not changed")
    road.show = road.street
    road.until_calm()


@pytest.mark.claim("blind")
@pytest.mark.fault(
    "camera shows nothing", state="unknown: input.blank", within="the same image", back="0.5 s"
)
def test_an_even_image_is_blank(road):
    road.show = lambda: road.still(grey=90)
    road.until_told("input.blank")
    road.show = road.street
    road.until_calm()


@pytest.mark.claim("jump")
@pytest.mark.fault(
    "camera changes the size of its images",
    state="unknown: input.size_changed; all networks forget", within="the same image", back="0.5 s",
)  # fmt: skip
def test_another_size_starts_anew(road):
    before = {part: network.resets for part, network in road.networks.items()}
    road.show = lambda: road.street((64, 36))
    road.until_told("input.size_changed")
    road.until(lambda risk: risk.level != risk.UNKNOWN)
    assert all(network.resets > before[part] for part, network in road.networks.items())


@pytest.mark.fault(
    "camera changes to another known encoding", state="no fault; the next image is seen as it is",
    within="the same image", back="no interruption",
)  # fmt: skip
def test_another_encoding_is_just_read(road):
    def bgr():
        message = road.street()
        message.encoding = "bgr8"
        return message

    seen = []
    road.perception.listeners.append(lambda sight: seen.append(sight.frame.image[0, 0].tolist()))
    road.show = bgr
    road.until(lambda risk: len(seen) > 3)
    assert not {"input.unreadable", "input.failed"} & codes(road.risks[-1])
    assert road.picture()[0, 0].tolist()[::-1] in seen[-3:]


GARBAGE = {
    "an encoding that nobody knows": lambda road: road.changed(encoding="thermal12"),
    "rows shorter than the image is wide": lambda road: road.changed(step=7),
    "less data than the size says": lambda road: road.changed(height=999),
    "no rows": lambda road: road.changed(height=0, data=b""),
    "half a colour row": lambda road: road.changed(encoding="nv12", height=3, width=128, step=128),
}


@pytest.mark.claim("blind")
@pytest.mark.fault(
    "camera sends garbage", state="unknown: input.unreadable, with what is wrong with it",
    within="the same image", back="0.5 s",
)  # fmt: skip
@pytest.mark.parametrize("what", GARBAGE)
def test_an_image_that_cannot_be_read_is_said_to_be(road, what):
    road.show = lambda: GARBAGE[what](road)
    road.until_told("input.unreadable")
    assert not codes(road.risks[-1]) & {"input.failed"}
    road.show = road.street
    road.until_calm()


@pytest.mark.claim("blind")
@pytest.mark.fault("camera sends garbage")
@pytest.mark.parametrize("data", [b"", b"no jpeg", "cut off"])
def test_a_jpeg_that_is_none_or_cut_off_is_unreadable(road, data):
    def broken():
        message = road.jpeg()
        message.data = message.data[: len(message.data) // 2] if data == "cut off" else data
        return message

    road.use(CompressedImage)
    road.show = road.jpeg
    road.until_calm()
    road.show = broken
    road.until_told("input.unreadable")
    road.show = road.jpeg
    road.until_calm()


@pytest.mark.fault(
    "camera changes from Image to CompressedImage, or back",
    state="unknown: input.missing, if it takes over 0.4 s", within="0.4 s",
    back="0.2 s until it is subscribed to, 0.5 s more until the risk is known",
)  # fmt: skip
def test_a_driver_may_change_the_kind_of_its_images(road):
    for kind, show in ((CompressedImage, road.jpeg), (Image, road.street)):
        road.use(kind)
        road.show = show
        seen = len(road.risks)
        road.until_calm()
        stamps = {stamp_of(risk) for risk in road.risks[seen:]}
        road.until(lambda risk, stamps=stamps: stamp_of(risk) > max(stamps))


@pytest.mark.fault(
    "camera driver is killed; another one publishes the other kind",
    state="unknown: input.missing", within="0.4 s",
    back="1.2 s (`watchdog.silent_s`): DDS still offers what the dead driver published",
)  # fmt: skip
def test_a_kind_that_is_offered_but_silent_gives_way_to_the_other(road):
    dead, road.driver = road.driver, None  # says goodbye to nobody
    road.use(CompressedImage)
    road.show = road.jpeg
    road.until_told("input.missing")
    road.until_calm()
    dead.close()


@pytest.mark.claim("late")
@pytest.mark.fault(
    "stamps jump ahead", state="unknown: input.clock, as long as they are ahead",
    within="the same image", back="0.5 s",
)  # fmt: skip
def test_stamps_ahead_of_the_clock_are_not_believed(road):
    road.offset_ns = 100 * SECOND
    road.until_told("input.clock")
    road.offset_ns = 0
    road.until_calm()


@pytest.mark.claim("jump", "late")
@pytest.mark.fault(
    "stamps jump back", state="unknown: input.time_backwards, then lanes.late and the like",
    within="the same image", back="0.5 s",
)  # fmt: skip
def test_stamps_that_go_back_are_late_for_as_long_as_they_do(road):
    road.offset_ns = -100 * SECOND
    road.until_told("input.time_backwards")
    road.until_told("lanes.late")
    road.offset_ns = 0
    road.until_calm()


@pytest.fixture
def simulated(monkeypatch):
    """A road whose time is that of /clock."""
    with driving(monkeypatch, sim_time=True) as one:
        one.now_ns = 1000 * SECOND
        clock = one.node.create_publisher(Clock, "/clock", 5)

        def tick():
            one.now_ns += SECOND // 20
            clock.publish(Clock(clock=header_at(one.now_ns, "").stamp))
            return one.now_ns

        one.clock = tick
        yield one


@pytest.mark.claim("jump")
@pytest.mark.fault(
    "/clock goes back with the stamps, as in a recording that begins again",
    state="unknown: input.time_backwards; everything is forgotten",
    within="the same image", back="0.5 s of /clock",
)  # fmt: skip
def test_a_recording_that_begins_again_is_judged_again(simulated):
    simulated.until_calm()
    simulated.now_ns = 1000 * SECOND
    simulated.until_told("input.time_backwards")
    simulated.until_calm()


@pytest.mark.claim("silence")
@pytest.mark.fault(
    "/clock stands still, or never comes", state="unknown: input.missing; input.clock for images",
    within="0.4 s of the machine's clock", back="0.5 s of /clock",
)  # fmt: skip
def test_a_clock_that_stands_still_silences_nobody(simulated):
    simulated.until_calm()
    street, simulated.show = simulated.show, None
    simulated.until_told("input.missing")
    simulated.until_diagnosed("safety", "risk unknown: input.missing")
    simulated.show = street
    simulated.until_calm()
