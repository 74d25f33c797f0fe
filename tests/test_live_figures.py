"""Figures of the running system, from what was heard."""

import json

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

from road_clarity.cli import with_json_places
from road_clarity.evaluation.bench.live_text import live_text
from road_clarity.models.errors import BadInput
from road_clarity.nodes.live.bench import parameters_of, plain
from road_clarity.nodes.live.ear import Heard, HeardRisk
from road_clarity.nodes.live.figures import figures
from road_clarity.safety.ladder import Rung

MS = 1_000_000


def risk(stamp_ms, after_ms, age_ms=0.0, level="nominal", rung=Rung.FULL):
    ages = {"lanes": age_ms * 1e-3, "tracks": float("nan")}
    return HeardRisk((stamp_ms + after_ms) * MS, stamp_ms * MS, level, rung, ages, ())


def heard():
    """Four images; networks look at the first and the last; the third is lost."""
    return Heard(
        images={0, 33 * MS, 66 * MS, 100 * MS},
        received={0, 33 * MS, 100 * MS},
        rounds={0: ("lanes",), 100 * MS: ("lanes",)},
        risks=[risk(0, 80, 80), risk(33, 60, 90), risk(100, 120, 120, rung=Rung.LAST_GOOD)],
        targets=[1, 3],
    )


def test_latency_is_from_the_stamp_of_an_image_to_its_risk():
    found = figures(heard(), 0.2, {}, {})
    assert (found.latency_ms.p50, found.latency_ms.worst) == (80.0, 120.0)
    assert found.own_latency_ms.p50 == 100.0


def test_rates_and_losses_are_counted():
    found = figures(heard(), 0.2, {}, {})
    assert (found.camera_fps, found.received_fps, found.full_stack_fps) == (20.0, 15.0, 10.0)
    assert found.lost_share == 0.25
    assert found.targets == 2.0


def test_the_longest_silence_is_between_two_risks():
    assert figures(heard(), 0.2, {}, {}).longest_silence_ms == 127.0


def test_rungs_are_told_as_shares():
    assert figures(heard(), 0.2, {}, {}).rungs == {
        "FULL": pytest.approx(2 / 3), "LAST_GOOD": pytest.approx(1 / 3),
    }  # fmt: skip


def test_a_risk_that_is_said_again_for_want_of_images_is_no_latency():
    told = heard()
    told.risks.append(risk(100, 520, level="unknown"))
    assert figures(told, 0.2, {}, {}).latency_ms.worst == 120.0


def test_of_nothing_heard_nothing_is_claimed():
    found = plain(vars(figures(Heard(), 1.0, {}, {})) | {"latency_ms": {"p50": float("nan")}})
    assert found["latency_ms"] == {"p50": None}
    assert (found["full_stack_fps"], found["longest_silence_ms"]) == (0.0, None)


def test_json_without_a_file_goes_to_stdout():
    assert with_json_places(["bench", "--pipeline", "--json"]) == [
        "bench", "--pipeline", "--json", "-",
    ]  # fmt: skip
    assert with_json_places(["bench", "--json", "--pipeline"])[2] == "-"
    assert with_json_places(["bench", "--json", "out.json"]) == ["bench", "--json", "out.json"]
    assert with_json_places(["replay", "--json"]) == ["replay", "--json"]


def test_parameters_of_a_file_are_found_by_node(tmp_path):
    file = tmp_path / "mine.param.yaml"
    file.write_text("/**/lane:\n  ros__parameters:\n    backend: openvino\n")
    assert parameters_of(file) == {"lane": {"backend": "openvino"}}


@pytest.mark.parametrize("text", ["", "[1, 2]", "lane: 3", "lane: {backend: onnx}"])
def test_a_file_without_parameters_is_refused(tmp_path, text):
    file = tmp_path / "mine.param.yaml"
    file.write_text(text)
    with pytest.raises(BadInput, match="no parameter file"):
        parameters_of(file)


def test_the_table_shows_every_way(tmp_path):
    spread = {"p50": 100.0, "p99": 180.0, "worst": 190.0}
    one = {
        "about": "as it ships", "full_stack_fps": 10.5, "risk_fps": 30.0, "latency_ms": spread,
        "own_latency_ms": spread, "lost_share": 0.01, "part_age_ms": {"lanes": spread},
        "cores": {"safety_node": 0.2, "perception_node": 1.5}, "targets": 5.0,
        "memory_mib": {"safety_node": 370.0, "perception_node": 770.0},
        "standstill": {"unknown_ms": 560.0, "longest_silence_ms": 440.0, "known_again_ms": 900.0},
    }  # fmt: skip
    report = {
        "ways": {"auto": one}, "explanation_cost": 0.08, "explanation_and_overlay_cost": 0.12,
        "command": "road-clarity bench",
        "load": {"before": 0.1, "after": 2.0},
    }  # fmt: skip
    text = live_text(json.loads(json.dumps(report)))
    assert "| as it ships |             10.5 |" in text
    assert "takes 8% of the throughput" in text
    assert "unknown after 560 ms" in text
