"""The whole pipeline on made frames: what one network gets wrong, the risk must tell."""

import math

import numpy as np
import pytest
import torch

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.perception import Perception, pick_device
from road_clarity.pipeline.presets import override, preset, weight_names

TENTH = 100_000_000  # [ns]


@pytest.fixture(scope="module")
def perception() -> Perception:
    return Perception.from_preset("tiny", "cpu")


def frame(index: int, size: tuple[int, int] = (320, 180)) -> Frame:
    coarse = np.random.default_rng(index).integers(0, 255, (18, 32, 3), dtype=np.uint8)
    image = coarse.repeat(size[1] // 18, axis=0).repeat(size[0] // 32, axis=1)
    return Frame(index, index * TENTH, np.ascontiguousarray(image))


def poisoned(network: torch.nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every weight becomes nan for the rest of the test."""
    for value in network.parameters():
        monkeypatch.setattr(value, "data", torch.full_like(value.data, math.nan))


def test_a_calibration_is_held_against_the_same_weights_on_the_vehicle_as_in_a_replay(perception):
    assert sorted(perception.cards) == sorted(weight_names(preset("tiny")))


@pytest.mark.claim("same")
def test_the_same_frames_give_the_same_scenes(perception):
    def run() -> list[tuple]:
        perception.restart()
        outcomes = [perception.step(frame(i)) for i in range(3)]
        return [(o.risk, o.scene.lanes, o.scene.tracks, o.scene.world.error) for o in outcomes]

    assert run() == run()


@pytest.mark.claim("nonsense")
@pytest.mark.parametrize("part", ["lanes", "segmentation", "world"])
def test_a_network_that_says_nan_makes_the_risk_unknown(perception, part, monkeypatch):
    perception.restart()
    stage = getattr(perception, f"_{part}")
    poisoned(stage._vae if part == "world" else stage._network, monkeypatch)
    risk = perception.step(frame(0)).risk
    assert (risk.level, risk.score) == ("unknown", 1.0)
    assert any(reason.code.startswith(f"{part}.") for reason in risk.reasons)


def test_every_stage_is_timed(perception):
    perception.restart()
    stages = {"gate", "lanes", "segmentation", "tracks", "world", "unknown", "safety", "total"}
    assert set(perception.step(frame(0)).latency_ms) == stages


@pytest.mark.claim("jump")
def test_a_new_image_size_starts_the_scene_anew_and_says_so(perception):
    perception.restart()
    perception.step(frame(0))
    outcome = perception.step(frame(1, (640, 360)))
    assert [fault.code for fault in outcome.scene.faults] == ["input.size_changed"]
    assert outcome.risk.level == "unknown"


def test_a_setting_is_changed_by_its_path():
    assert override(preset("edge"), ["safety.high=0.75"]).safety.high == 0.75


@pytest.mark.parametrize(
    ("setting", "remedy"),
    [
        ("safety.high", "write part.field=value"),
        ("brakes.force=1", "parts are gate, lanes"),
        ("safety.highest=1", "fields of safety are elevated, high"),
        ("safety.high=loud", "must be a float"),
        ("safety.high=7", r"must be in \[0.0, 1.0\]"),
    ],
)
def test_a_setting_that_does_not_exist_or_fit_is_refused(setting, remedy):
    with pytest.raises(BadInput, match=remedy):
        override(preset("edge"), [setting])


def test_unknown_presets_and_devices_are_refused():
    with pytest.raises(BadInput, match="use one of edge, paper, tiny"):
        preset("huge")
    with pytest.raises(BadInput, match="device abacus"):
        pick_device("abacus")
