"""A camera that fails must never look like a calm road."""

import numpy as np
import pytest

from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.gate import GateConfig, InputGate, broken

TENTH = 100_000_000  # [ns]


def noise(seed: int, size: tuple[int, int] = (320, 180)) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 255, (18, 32, 3), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(size[1] // 18, axis=0).repeat(size[0] // 32, axis=1))


def codes(images: list[np.ndarray], stamps: list[int] | None = None) -> list[list[str]]:
    gate = InputGate(GateConfig())
    stamps = stamps or [i * TENTH for i in range(len(images))]
    frames = [Frame(i, s, image) for i, (s, image) in enumerate(zip(stamps, images, strict=True))]
    return [[fault.code for fault in gate.check(frame)] for frame in frames]


def test_a_moving_picture_passes():
    assert codes([noise(i) for i in range(5)]) == [[]] * 5


@pytest.mark.claim("blind")
def test_a_picture_that_stands_still_for_too_long_is_frozen():
    assert codes([noise(1)] * 6) == [[], [], [], [], ["input.frozen"], ["input.frozen"]]


def test_a_frozen_camera_that_moves_again_is_trusted_again():
    assert codes([noise(1)] * 5 + [noise(2)])[-1] == []


@pytest.mark.claim("blind")
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_an_even_picture_is_blank(grey):
    assert codes([np.full((180, 320, 3), grey, np.uint8)]) == [["input.blank"]]


@pytest.mark.claim("blind")
def test_a_smooth_picture_is_blurred():
    slope = np.tile(np.linspace(0, 255, 320).astype(np.uint8)[None, :, None], (180, 1, 3))
    assert codes([slope]) == [["input.blurred"]]


@pytest.mark.claim("jump")
@pytest.mark.parametrize(
    ("stamps", "fault"),
    [
        ([0, 5 * TENTH], None),
        ([0, 20 * TENTH], "input.time_gap"),
        ([TENTH, 0], "input.time_backwards"),
        ([0, 0], "input.time_backwards"),
    ],
)
def test_stamps_must_run_forward_without_a_gap(stamps, fault):
    assert codes([noise(1), noise(2)], stamps)[1] == ([fault] if fault else [])


@pytest.mark.claim("jump")
def test_a_new_size_breaks_the_stream():
    gate = InputGate(GateConfig())
    gate.check(Frame(0, 0, noise(1)))
    faults = gate.check(Frame(1, TENTH, noise(2, (640, 360))))
    assert [f.code for f in faults] == ["input.size_changed"] and broken(faults)
