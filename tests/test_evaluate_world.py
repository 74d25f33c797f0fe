"""`evaluate world`: what is measured, on made clips with networks whose answers are known."""

import json

import numpy as np
import pytest
import torch
from tiny_world import SIZE, streets, tiny_vae

from road_clarity.evaluation.seeds import seed_range
from road_clarity.evaluation.tally import Tally
from road_clarity.evaluation.world import evaluate_world
from road_clarity.evaluation.world_causes import CauseScores, hits
from road_clarity.evaluation.world_clip import FEWEST, WorldClip
from road_clarity.evaluation.world_false_faults import FalseFaults
from road_clarity.evaluation.world_horizon import HorizonScores
from road_clarity.evaluation.world_pairs import Pair
from road_clarity.evaluation.world_planted import KINDS, behind_a_plate, planted
from road_clarity.evaluation.world_recordings import recorded_clips, same_size, stretches
from road_clarity.evaluation.world_relevance import RelevanceScores, still_predicted
from road_clarity.evaluation.world_source import simulated
from road_clarity.evaluation.world_text import world_text
from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.rg_backbone import RgBackbone
from road_clarity.pipeline.frame import Frame
from road_clarity.safety.anomaly import error_map
from road_clarity.safety.calm_layers import calm_layers
from road_clarity.safety.error_region import error_region
from road_clarity.safety.lesions import scrambled


class Grey(Autoencoder):
    """Its only latent is the brightness of the frame."""

    def __init__(self, side: int = 4) -> None:
        super().__init__(side, latents=1)

    def encode(self, x):
        mu = x.mean((1, 2, 3))[:, None]
        return mu, torch.zeros_like(mu)

    def decoder_features(self, z):
        return [z[:, :, None, None].expand(-1, 3, self.side, self.side)]


def calm_memory(latents: int) -> LatentLstm:
    """Expects no change; a calm one is about 1."""
    memory = LatentLstm(latents).requires_grad_(False)
    memory.calm_change.get_buffer("mean").zero_()
    memory.calm_change.get_buffer("matrix").copy_(torch.eye(latents))
    return memory


def grey_pair() -> Pair:
    return Pair(Grey(), calm_memory(1), {})


def grey_clip(levels: list[int], group: str = "1") -> WorldClip:
    frames = np.array(levels, np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    return WorldClip("grey", group, frames, (4, 4), ((),) * len(levels), None)


def passing(frames: int, speed_px: int = 1) -> WorldClip:
    """A bright square that goes to the right before a wall that stays."""
    wall = np.random.default_rng(0).integers(60, 120, (64, 64, 3), dtype=np.uint8)
    pictures, matters = np.stack([wall] * frames), np.zeros((frames, 64, 64), np.float32)
    boxes = []
    for t in range(frames):
        left = 4 + t * speed_px % 48
        pictures[t, 24:36, left : left + 10] = 250
        matters[t, 24:36, left : left + 10] = 1.0
        boxes.append(((float(left), 24.0, left + 10.0, 36.0),))
    return WorldClip("passing", "1", pictures, (64, 64), tuple(boxes), matters)


@pytest.fixture(scope="module")
def linear_pair() -> Pair:
    """Fitted to noise and to squares at all places, with a memory that expects no change."""
    noise = torch.rand(160, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    net = RgBackbone()
    net.fit(torch.cat([noise, passing(48).x]))
    net.calm_latent.fit(net.encode(passing(48).x)[0])
    return Pair(net.eval(), calm_memory(32), {})


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


def test_one_of_every_kind_is_planted_and_none_of_a_lesion_where_nobody_is(linear_pair):
    net, clip = linear_pair.autoencoder, passing(1)
    found = list(planted(net, clip.x, list(clip.boxes[0]), clip.size, 0))
    assert tuple(one.kind for one in found) == KINDS
    assert [one.placed for one in found] == [True] * 3 + [False] * 3
    alone = list(planted(net, clip.x, [], clip.size, 0))
    assert [one.kind for one in alone] == ["unseen_object", "tiny_object"]


def test_every_layer_of_the_network_has_its_turn(linear_pair):
    net, clip = linear_pair.autoencoder, passing(1)
    layers = {
        one.layer
        for number in range(4)
        for one in planted(net, clip.x, list(clip.boxes[0]), clip.size, number)
        if one.kind == "lesioned_layer"
    }
    assert layers == {"encoder.1", "encoder.2", "encoder.3", "encoder.4"}


def test_a_plate_hides_all_that_is_behind_it_and_nothing_else():
    x = torch.full((1, 3, 8, 8), 0.6)
    hidden, box = behind_a_plate(x, (1.2, 2.0, 3.5, 4.9))
    assert box == (1.0, 2.0, 4.0, 5.0)
    assert (hidden == 0.0).sum() == 3 * 9 and (hidden == x).sum() == 3 * (64 - 9)


def test_a_pixel_beside_the_object_is_near_enough():
    box = (10.0, 10.0, 12.0, 12.0)
    assert hits((8, 13), box) and hits((11, 11), box)
    assert not hits((7, 11), box) and not hits((11, 14), box)


@pytest.mark.claim("true_cause")
def test_planted_causes_are_counted_by_network_and_kind(linear_pair):
    scores = CauseScores({"rg": linear_pair.autoencoder}, [passing(110)])
    scores.add(passing(31))
    found = scores.summary()
    assert found["causes"]["rg"]["blanked_channel"]["planted"] == 2
    assert found["causes"]["rg"]["occluder"]["pointing"] == 1.0
    assert "cause_layer" not in found["causes"]["rg"]["occluder"]
    assert 0.0 <= found["cause_layer"] <= 1.0


def test_relevance_points_at_what_moves(linear_pair):
    scores = RelevanceScores({"rg": linear_pair})
    scores.add(passing(20, speed_px=3))
    assert scores.tally("rg", "nss").mean() > 1.0
    assert scores.tally("rg", "nss").count == 2
    deleted, by_chance = (scores.tally("rg", f"deletion{order}") for order in ("", "_random"))
    assert deleted.mean() < by_chance.mean()


def test_nothing_replaced_is_all_that_is_predicted_and_own_motion_alone_is_nothing(linear_pair):
    from road_clarity.safety.own_motion import carried

    x = passing(16).x
    left = still_predicted(linear_pair, x)(torch.cat([x[-1:], carried(x[-2:])]))
    assert left.tolist() == pytest.approx([1.0, 0.0], abs=1e-4)


def test_all_scores_of_a_clip_are_named_printed_and_the_same_twice(linear_pair):
    pairs = {kind: linear_pair for kind in ("vae", "rg", "pca")}
    first, again = (evaluate_world([passing(31)], pairs, None) for _ in range(2))
    assert json.dumps(first) == json.dumps(again)
    assert {"vae", "rg", "pca", "copy_last_mse", "cause_layer", "pointing", "nss", "deletion",
            "insertion"} <= set(first)  # fmt: skip
    assert first["cause_layer"] is None and first["rg_to_vae"]["reconstruction_mse"] == 1.0
    assert "copy of the last frame" in world_text(first)


def test_recordings_tell_how_often_a_healthy_network_is_called_faulty():
    net = tiny_vae()
    frames = (255 * streets(11, seed=4)).round().byte().permute(0, 2, 3, 1).numpy()
    clip = WorldClip("made", "made", frames, SIZE, ((),) * 11, None)
    hurt = scrambled(net, "encoder.1", 0).network
    usual = streets(120)
    errors = error_map(usual, net.reconstruct(usual)).numpy()
    calm = calm_layers(net, usual, [[error_region(one, SIZE)] for one in errors], SIZE)
    pairs = {"vae": Pair(net, calm_memory(4), {}, calm), "pca": Pair(net, calm_memory(4), {})}
    for network, share in ((net, 0.0), (hurt, 1.0)):
        scores = FalseFaults(pairs | {"rg": Pair(network, calm_memory(4), {}, calm)})
        scores.add(clip)
        assert scores.summary() == {"vae": 0.0, "rg": share}


@pytest.mark.parametrize("seconds", [2.0, float("nan"), float("inf"), -1.0])
def test_a_street_without_room_for_the_horizon_is_refused(seconds):
    with pytest.raises(BadInput, match="--seconds"):
        simulated("1:2", "pedestrian", [], seconds)


def test_who_drives_towards_a_pedestrian_matters_and_who_drives_away_does_not():
    pytest.importorskip("panda3d")
    from road_clarity.evaluation.world_streets import conflict_s
    from road_clarity.training.simulator.bodies import Body

    me = Body(1, "adult", s=0.0, d=0.0)
    towards = Body(2, "hatchback", s=-20.0, d=3.0, speed=10.0)
    away = Body(3, "hatchback", s=20.0, d=3.0, speed=10.0)
    assert conflict_s(me, towards, drives=False) == 2.0
    assert conflict_s(me, away, drives=False) == float("inf")


def test_a_story_without_a_pedestrian_is_refused_in_the_pedestrians_view():
    pytest.importorskip("panda3d")
    from road_clarity.evaluation.world_streets import stories_of

    assert "calm_drive" in stories_of("car", [])
    with pytest.raises(BadInput, match="no pedestrian leads"):
        stories_of("pedestrian", ["calm_drive"])


def test_an_error_that_was_there_before_is_no_news():
    from road_clarity.safety.error_onset import onset_map

    before, now = torch.full((2, 1, 3, 64, 64), 0.5)
    before[..., 10, 10] = now[..., 11, 10] = 1.0  # a lamp that no grey picture draws, a pixel on
    now[..., 40, 50] = 0.8  # fainter, and new
    found = onset_map(Grey(64), before, now)
    assert divmod(int(found.argmax()), 64) == (40, 50)
    assert float(found[40, 50]) == pytest.approx(0.09, abs=0.001)


def test_without_the_simulator_the_remedy_is_named(monkeypatch):
    import sys

    from road_clarity import evaluation

    monkeypatch.delattr(evaluation, "world_streets", raising=False)
    monkeypatch.setitem(sys.modules, "road_clarity.evaluation.world_streets", None)
    with pytest.raises(BadInput, match=r"pip install 'road_clarity\[simulator\]'"):
        simulated("1:2", "pedestrian", [], 6.0)
