"""What the doctor thinks of a camera, from what was seen of it."""

from types import SimpleNamespace

from road_clarity.nodes.camera_look import Look, judge, judge_stamps

WIDTH, HEIGHT = 64, 48
SECOND = 1_000_000_000


def header(stamp_s, frame="front"):
    seconds, rest = divmod(round(stamp_s * SECOND), SECOND)
    return SimpleNamespace(stamp=SimpleNamespace(sec=seconds, nanosec=rest), frame_id=frame)


def image(stamp_s=100.0, encoding="mono8"):
    return SimpleNamespace(
        header=header(stamp_s), encoding=encoding, width=WIDTH, height=HEIGHT, step=WIDTH,
        is_bigendian=False, data=bytes(WIDTH * HEIGHT),
    )  # fmt: skip


def info(fx=50.0, cx=32.0, width=WIDTH, stamp_s=100.0, frame="front"):
    k = [fx, 0.0, cx, 0.0, fx, 24.0, 0.0, 0.0, 1.0] if fx else [0.0] * 9
    return SimpleNamespace(header=header(stamp_s, frame), width=width, height=HEIGHT, k=k)


def look(**changes):
    """Ten good images and their calibration, unless changed."""
    stamps = [round((100.0 - index / 10) * SECOND) for index in reversed(range(10))]
    seen = Look(
        "/front/image_raw", "/front/camera_info", types={"sensor_msgs/msg/Image"},
        publishers=["/front/driver"], image=image(), info=info(), stamps=stamps,
        info_stamps=set(stamps), now_ns=round(100.05 * SECOND), seconds=1.0,
    )  # fmt: skip
    for name, value in changes.items():
        setattr(seen, name, value)
    return seen


def finding(name, use_sim_time=False, **changes):
    return next(one for one in judge(look(**changes), use_sim_time) if one.name == f"camera.{name}")


def test_nothing_is_said_against_a_good_camera():
    assert {one.state for one in judge(look(), use_sim_time=False)} == {"ok"}


def test_a_topic_that_nobody_uses_is_answered_with_the_likeliest_that_carries_images():
    found = finding("topic", types=set(), image_topics=["/rear/image", "/front/image"])
    assert (found.state, found.fix) == (
        "fail", "image_topic:=/front/image (there is also /rear/image)",
    )  # fmt: skip


def test_with_no_images_at_all_the_domain_is_what_to_compare():
    assert "ROS_DOMAIN_ID" in finding("topic", types=set()).fix


def test_a_topic_of_another_type_fails():
    found = finding("topic", types={"sensor_msgs/msg/PointCloud2"}, image_topics=["/front/image"])
    assert (found.state, found.fix) == ("fail", "image_topic:=/front/image")


def test_two_drivers_on_one_topic_are_told():
    assert finding("topic", publishers=["/a", "/b"]).state == "warn"


def test_offers_that_dds_refuses_fail():
    assert finding("qos", refused=["/front/driver: durability"]).state == "fail"


def test_a_topic_without_images_fails():
    assert finding("images", image=None).state == "fail"


def test_an_encoding_that_nobody_can_decode_fails_with_those_that_can_be():
    found = finding("images", image=image(encoding="32FC1"))
    assert found.state == "fail" and "bgr8" in found.fix


def test_three_images_a_second_are_too_few():
    assert finding("rate", seconds=4.0).state == "warn"


def test_images_without_stamps_are_told():
    assert finding("stamps", stamps=[0, 0]).state == "warn"


def test_stamps_that_go_back_fail():
    assert judge_stamps([2 * SECOND, SECOND]).state == "fail"


def test_images_that_come_twice_are_told():
    assert judge_stamps([SECOND, SECOND, 2 * SECOND]).state == "warn"


def test_a_hole_in_the_stamps_is_told():
    assert judge_stamps([SECOND, 2 * SECOND, 3 * SECOND, 9 * SECOND]).state == "warn"


def test_a_camera_with_a_clock_of_its_own_fails():
    behind = finding("clock", now_ns=5000 * SECOND)
    assert behind.state == "fail" and "4900.0 s behind" in behind.text
    assert finding("clock", now_ns=99 * SECOND).state == "fail"  # from the future


def test_simulated_time_that_nobody_tells_fails():
    found = finding("sim_time", use_sim_time=True)
    assert (found.state, found.fix.split(",")[0]) == ("fail", "use_sim_time:=false")


def test_simulated_time_that_is_not_listened_to_is_told():
    assert finding("sim_time", has_clock=True).fix == "use_sim_time:=true"


def test_a_calibration_elsewhere_is_named():
    found = finding("info", info=None, info_topics=["/calibration/front"])
    assert (found.state, found.fix) == ("warn", "camera_info_topic:=/calibration/front")


def test_a_camera_without_calibration_is_told():
    assert finding("info", info=info(fx=0.0)).state == "warn"


def test_a_calibration_for_another_size_fails():
    assert finding("info", info=info(width=1280)).state == "fail"


def test_an_optical_centre_outside_the_image_fails():
    assert finding("info", info=info(cx=640.0)).state == "fail"


def test_a_field_of_view_of_four_degrees_is_odd():
    assert finding("info", info=info(fx=1000.0)).state == "warn"


def test_a_calibration_of_other_images_is_told():
    assert finding("info_stamps", info_stamps={7}).state == "warn"
    assert finding("info_stamps", info=info(frame="rear")).state == "warn"
