"""`evaluate world`: what is measured, on made clips with networks whose answers are known."""

import json

import numpy as np
import pytest
import torch

from road_clarity.evaluation.seeds import seed_range
from road_clarity.evaluation.tally import Tally
from road_clarity.evaluation.world_clip import FEWEST, WorldClip
from road_clarity.evaluation.world_horizon import HorizonScores
from road_clarity.evaluation.world_pairs import Pair
from road_clarity.evaluation.world_recordings import recorded_clips, same_size, stretches
from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.pipeline.frame import Frame


class Grey(Autoencoder):
    """Its only latent is the brightness of the frame."""

    def __init__(self) -> None:
        super().__init__(side=4, latents=1)

    def encode(self, x):
        mu = x.mean((1, 2, 3))[:, None]
        return mu, torch.zeros_like(mu)

    def decoder_features(self, z):
        return [z[:, :, None, None].expand(-1, 3, 4, 4)]


def grey_pair() -> Pair:
    return Pair(Grey(), LatentLstm(latents=1).requires_grad_(False), {})


def grey_clip(levels: list[int], group: str = "1") -> WorldClip:
    frames = np.array(levels, np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    return WorldClip("grey", group, frames, (4, 4), ((),) * len(levels), None)


def at(times_s: list[float], size: tuple[int, int] = (8, 6)) -> list[Frame]:
    """Frames whose grey level is their number."""
    image = np.ones((size[1], size[0], 3), np.uint8)
    return [Frame(i, round(t * 1e9), image * np.uint8(i)) for i, t in enumerate(times_s)]


def levels(piece: np.ndarray) -> list[int]:
    return piece[:, 0, 0, 0].tolist()


@pytest.mark.parametrize("bad", ["5", "8:5", "5:5", "a:b", "-1:3", "", "1:2:3"])
def test_seeds_that_are_no_range_are_refused(bad):
    with pytest.raises(BadInput, match="--seeds"):
        seed_range(bad)


def test_seeds_run_up_to_but_without_the_last():
    assert list(seed_range("20000:20003")) == [20000, 20001, 20002]


def test_every_measurement_weighs_the_same_whatever_its_street():
    tally = Tally()
    tally.add("a", [1.0, 1.0, 1.0])
    tally.add("b", [5.0])
    tally.add("c", [])
    assert tally.mean() == 2.0 and tally.count == 4


def test_one_street_says_nothing_about_chance():
    tally = Tally()
    assert tally.mean() is None
    tally.add("a", [1.0, 2.0])
    assert tally.interval() is None


def test_the_interval_holds_the_mean_of_streets_that_differ():
    tally = Tally()
    for street in range(10):
        tally.add(str(street), [[float(street), 1.0]])
    low, high = tally.interval()
    assert low[0] < 4.5 < high[0] and 2.0 < high[0] - low[0] < 6.0
    assert low[1] == high[1] == 1.0


def test_a_fast_camera_gives_the_frame_nearest_to_every_tenth_of_a_second():
    [(piece, size)] = stretches(at([i / 25 for i in range(11)]), 2, None)
    assert levels(piece) == [0, 2, 5, 7, 10] and size == (8, 6)


def test_a_gap_and_time_that_goes_back_begin_anew():
    times = [0.0, 0.1, 0.2, 0.9, 1.0, 0.3, 0.4]
    assert [levels(piece) for piece, _ in stretches(at(times), 2, None)] == [
        [0, 1, 2],
        [3, 4],
        [5, 6],
    ]


def test_only_the_first_seconds_are_taken():
    [(piece, _)] = stretches(at([i / 10 for i in range(30)]), 2, 0.5)
    assert levels(piece) == [0, 1, 2, 3, 4]


def test_a_recording_without_room_for_the_horizon_is_refused(tmp_path):
    import cv2

    for index in range(FEWEST - 1):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.zeros((6, 8, 3), np.uint8))
    with pytest.raises(BadInput, match=r"has 3\.0 s without a gap; .* needs 3\.1 s"):
        list(recorded_clips([tmp_path], 4, None))
    cv2.imwrite(str(tmp_path / "last.png"), np.zeros((6, 8, 3), np.uint8))
    [clip] = recorded_clips([tmp_path], 4, None)
    assert clip.frames.shape == (31, 4, 4, 3)


def test_frames_of_two_sizes_are_refused():
    mixed = at([0.0], (8, 6)) + at([0.1], (6, 8))
    with pytest.raises(BadInput, match="is 6x8, those before it 8x6"):
        list(same_size(mixed))


def test_who_redraws_all_and_expects_no_change_is_as_good_as_copying():
    scores = HorizonScores({"vae": grey_pair()})
    scores.add(grey_clip([51] * 20 + [102] * 20))  # a light that goes on: 0.2, then 0.4
    found = scores.of("vae")
    assert found["reconstruction_mse"] == pytest.approx(0.0, abs=1e-12)
    assert found["horizon_mse"] == pytest.approx(scores.copied())
    assert scores.copied() == pytest.approx({"0.5": 0.02, "1.0": 0.04, "2.0": 0.04}, rel=1e-4)
    assert scores.dreams == 10


def test_scores_can_be_written_as_json():
    scores = HorizonScores({"vae": grey_pair()})
    for street in ("1", "2"):
        scores.add(grey_clip(list(range(40)), street))
    assert set(json.loads(json.dumps(scores.of("vae")))["horizon_mse_95"]) == {"0.5", "1.0", "2.0"}
