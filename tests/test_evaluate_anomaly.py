"""`evaluate anomaly` from end to end on made pictures, and the figures it is made of."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from road_clarity import cli
from road_clarity.evaluation.agreement import agreement, miou
from road_clarity.evaluation.anomaly import lead_time_s, recording_row
from road_clarity.evaluation.anomaly_frames import Recording, read_recording, thinned
from road_clarity.evaluation.anomaly_look import Seen
from road_clarity.evaluation.corruptions.suite import STILL
from road_clarity.evaluation.robustness_card import robustness_card
from road_clarity.models.errors import BadInput
from road_clarity.models.scene_novelty import SCORERS
from road_clarity.pipeline.frame import Frame
from road_clarity.safety.scene import Lane, Lanes, Segmentation, Unknown

SECOND = 1_000_000_000  # [ns]
BLACK = np.zeros((36, 64, 3), np.uint8)


def frames(count, rate_hz=10):
    return [Frame(i, i * SECOND // rate_hz, BLACK) for i in range(count)]


def seen(p_value, x=30.0, classes=None):
    """A frame with one ego line, upright at x [px]."""
    picture = np.zeros((4, 4), np.uint8) if classes is None else classes
    line = Lane(2, ((x, 35.0), (x, 20.0)), 0.9)
    return Seen(
        torch.zeros(len(SCORERS)), Unknown(0, 0.0, p_value, {}, "id"), Lanes(0, (line,)),
        Segmentation(0, picture, (64, 36)),
    )  # fmt: skip


def made(tmp_path, name, level, count=3):
    folder = tmp_path / name
    folder.mkdir()
    rng = np.random.default_rng(level)
    for index in range(count):
        image = np.full((90, 160, 3), level, np.uint8) + rng.integers(0, 40, (90, 160, 3))
        cv2.imwrite(str(folder / f"{index}.png"), np.clip(image, 0, 255).astype(np.uint8))
    return folder


def test_the_command_scores_given_pictures(tmp_path, capsys):
    calm, odd, out = made(tmp_path, "calm", 90), made(tmp_path, "odd", 250), tmp_path / "a.json"
    code = cli.main(["evaluate", "anomaly", "--nominal", str(calm), "--anomalous", str(odd),
                     "--json", str(out)])  # fmt: skip
    assert code == 0
    found = json.loads(out.read_text())
    assert found == json.loads(capsys.readouterr().out)
    for name in (*SCORERS, "combined"):
        assert set(found[name]) == {"auroc", "ap", "fpr95"}
        assert 0.0 <= found[name]["auroc"] <= 1.0
    assert (found["nominal_frames"], found["anomalous_frames"]) == (3, 3)
    assert [one["alarms_per_hour"] for one in found["recordings"]] == [None, None]  # stills


def test_the_command_spoils_pictures_and_writes_a_card(tmp_path, capsys):
    calm, card = made(tmp_path, "calm", 90, count=1), tmp_path / "out" / "card.md"
    code = cli.main(["evaluate", "anomaly", "--corruptions", str(calm), "--severity", "4",
                     "--width", "128", "--card", str(card)])  # fmt: skip
    assert code == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["corruptions"]) == set(STILL)
    assert set(found["corruptions"]["fog"]) == {"4"}
    assert found["anomalous_frames"] == len(STILL)
    text = card.read_text()
    assert "What breaks first" in text
    assert "| jpeg |" in text


@pytest.mark.parametrize(
    "options",
    [[], ["--nominal", "x"], ["--anomalous", "x"], ["--nominal", "x", "--anomalous", "y",
     "--card", "c.md"], ["--format", "fishyscapes"]],
)  # fmt: skip
def test_one_side_alone_is_refused(options, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["evaluate", "anomaly", *options]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_frames_are_spread_evenly_over_a_recording():
    assert [frame.index for frame in thinned(frames(9), 3)] == [0, 4, 8]
    assert [frame.index for frame in thinned(frames(2), 3)] == [0, 1]


def test_an_hour_of_one_false_alarm_every_ten_seconds():
    recording = Recording(Path("clip.mp4"), frames(101), True, None)  # 10 s at 10 Hz
    flagged = [seen(0.001 if index in (40, 41, 42) else 0.5) for index in range(101)]
    row = recording_row("nominal", recording, flagged, alarm=0.02)
    assert row["alarms_per_hour"] == pytest.approx(360.0)
    assert row["flagged"] == pytest.approx(3 / 101)


def test_an_alarm_two_seconds_before_the_hazard_leads_by_two():
    clip = Recording(Path("clip.mp4"), frames(50), True, 3 * SECOND)
    assert lead_time_s(clip, [index >= 10 for index in range(50)]) == pytest.approx(2.0)
    assert lead_time_s(clip, [index >= 31 for index in range(50)]) is None  # too late
    assert lead_time_s(clip, [False] * 50) is None


def test_the_first_hazard_is_read_from_the_truth_beside_a_film(tmp_path):
    still = tmp_path / "drive.png"
    cv2.imwrite(str(still), BLACK)
    truth = tmp_path / "drive.truth.jsonl"
    truth.write_text('{"stamp_ns": 0, "hazardous": false}\n{"stamp_ns": 7, "hazardous": true}\n')
    assert read_recording(still, 5).hazard_ns == 7
    truth.write_text("nonsense\n")
    with pytest.raises(BadInput, match="truth"):
        read_recording(still, 5)


def test_a_line_that_stayed_is_kept_and_one_that_moved_is_not():
    assert agreement([seen(1.0, x=30.0)], [seen(1.0, x=31.0)])["lanes_kept"] == 1.0
    assert agreement([seen(1.0, x=30.0)], [seen(1.0, x=40.0)])["lanes_kept"] == 0.0


def test_half_of_one_class_said_to_be_another():
    before = np.full((2, 2), 3, np.uint8)
    after = np.array([[3, 3], [4, 4]], np.uint8)
    assert agreement([seen(1.0, classes=before)], [seen(1.0, classes=after)])["miou"] == 0.5
    assert miou(np.zeros((2, 2), np.int64)) is None


def test_the_card_names_what_breaks_unseen():
    def row(lanes, flagged):
        return {"auroc_combined": 0.6, "flagged": flagged, "lanes_kept": lanes, "miou": 0.9}

    found = {
        "combined": {"auroc": 0.6, "ap": 0.5, "fpr95": 0.9}, "nominal_frames": 1,
        "anomalous_frames": 4, "calibration_id": "c0ffee", "frozen": [],
        "corruptions": {
            "fog": {"1": row(0.9, 0.0), "3": row(0.1, 0.2)}, "snow": {"1": row(0.2, 1.0)},
        },
    }  # fmt: skip
    text = robustness_card(found, "road-clarity evaluate anomaly")
    assert "half of the ego lines are lost: snow from 1, fog from 3" in text
    assert "fewer than half of the frames flagged: fog from 3" in text
