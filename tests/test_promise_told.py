"""Every row, event, report and answer tells what the flag is worth."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_calibration import made_calibration
from made_drive import MadePipeline, write_video
from made_run import made_run, serving

from road_clarity.evaluation.replay import replay
from road_clarity.evaluation.report import in_words, thresholds
from road_clarity.evaluation.sources import open_source
from road_clarity.evaluation.summary_text import summary_text
from road_clarity.pipeline.calibration_file import write_calibration
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.perception import Perception
from road_clarity.pipeline.run_folder import read_rows
from road_clarity.safety.promise import PromiseKeeper
from road_clarity.service.gen import event_service_pb2, risk_service_pb2, scene_pb2
from road_clarity.service.gen.event_service_pb2_grpc import EventServiceStub
from road_clarity.service.gen.risk_service_pb2_grpc import RiskServiceStub

ID = made_calibration().id


class Promising(MadePipeline):
    """Goes by the made calibration: flagged frames have 0.8 points."""

    def __init__(self, high):
        super().__init__(high)
        self.keeper = PromiseKeeper(made_calibration())

    def step(self, frame):
        outcome = super().step(frame)
        points = outcome.risk.score
        promise = self.keeper.see(frame.stamp_ns, points)
        outcome.risk = replace(outcome.risk, points=points, promise=promise)
        return outcome


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("promised")
    drive = write_video(folder / "drive.mp4", frames=6, rate=10)
    replay([open_source(drive)], folder / "run", Promising(high={2, 3}))
    return folder / "run"


def test_every_row_holds_the_promise(run):
    rows = [row["risk"] for row in read_rows(run)]
    assert [row["promise"]["p_value"] for row in rows] == [1.0, 1.0, 0.05, 0.05, 0.05, 0.05]
    assert {row["promise"]["state"] for row in rows} == {"holds"}
    assert {row["promise"]["calibration_id"] for row in rows} == {ID}
    assert rows[0]["promise"]["alpha"] == 0.05
    assert [row["points"] for row in rows] == [0.0, 0.0, 0.8, 0.8, 0.0, 0.0]


def test_without_a_calibration_its_numbers_are_null(tmp_path):
    drive = write_video(tmp_path / "drive.mp4", frames=2)
    summary = replay([open_source(drive)], tmp_path / "run", MadePipeline())
    (promise, _) = [row["risk"]["promise"] for row in read_rows(tmp_path / "run")]
    assert promise == {
        "p_value": None, "alpha": None, "calibration_id": None, "threshold": None,
        "state": "none", "text": "no calibration: nothing is promised about false alarms",
    }  # fmt: skip
    assert summary["promise"] == promise


def test_event_summary_terminal_and_report_tell_it(run):
    (event,) = run.glob("events/*/event.json")
    promise = json.loads(event.read_text())["promise"]
    assert (promise["p_value"], promise["calibration_id"]) == (0.05, ID)
    summary = json.loads((run / "summary.json").read_text())
    assert summary["promise"]["state"] == "holds"
    assert summary["parameters"] == made_calibration().parameters
    assert "promise holds: at most 5 % of nominal clips of 2 s" in summary_text(summary, run)
    page = (run / "report.html").read_text()
    assert page.count("5.0% of nominal clips go as high as this one. At most 5 % of nominal") == 2
    assert f"Calibration {ID}." in page


def test_a_withdrawn_promise_is_told_in_words():
    told = in_words({"text": "withdrawn: unlike", "p_value": None, "calibration_id": "c0"})
    assert told == "Withdrawn: unlike. Calibration c0."


def test_the_report_draws_the_threshold_that_was_in_use():
    config = MadePipeline.config
    assert thresholds(config, None) == {"elevated": 0.3, "high": 0.6}
    assert thresholds(config, 0.7) == {"elevated": 0.7, "high": 0.7}
    assert thresholds(config, 1.2) == {}  # beyond the score


def test_the_service_tells_it_of_frames_and_events(run):
    with serving(run) as channel:
        state = RiskServiceStub(channel).GetRiskState(risk_service_pb2.GetRiskStateRequest())
        (event,) = (
            EventServiceStub(channel).ListEvents(event_service_pb2.ListEventsRequest()).events
        )
    for promise in (state.promise, event.promise):
        assert (promise.p_value, promise.alpha, promise.calibration_id) == (0.05, 0.05, ID)
        assert (promise.state, promise.threshold) == (scene_pb2.PROMISE_STATE_HOLDS, 0.380001)
    assert (state.points, state.HasField("points")) == (0.0, True)


def test_a_run_of_an_older_version_has_no_promise_but_is_served(tmp_path):
    run = made_run(tmp_path / "run", "nh")
    rows = [json.loads(line) for line in (run / "frames.jsonl").read_text().splitlines()]
    for row in rows:
        del row["risk"]["promise"], row["risk"]["points"]
    (run / "frames.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with serving(run) as channel:
        state = RiskServiceStub(channel).GetRiskState(risk_service_pb2.GetRiskStateRequest())
    assert not state.HasField("promise")


def test_the_pipeline_goes_by_the_calibration_that_its_settings_name(tmp_path):
    plain = Perception.from_preset("tiny", "cpu")
    weights = {name: card.sha256 for name, card in plain.cards.items()}
    write_calibration(tmp_path / "mine.json", made_calibration(models=weights))
    write_calibration(tmp_path / "other.json", made_calibration())
    image = np.random.default_rng(0).integers(0, 255, (90, 160, 3), dtype=np.uint8)
    states = {}
    for name in ("mine", "other"):
        settings = [f"safety.calibration={tmp_path / name}.json"]
        perception = Perception.from_preset("tiny", "cpu", settings)
        states[name] = perception.step(Frame(0, 0, image)).risk.promise
    assert (states["mine"].state, states["other"].state) == ("holds", "void")
    assert states["mine"].p_value is None  # still warming up
    assert "weights vae_edge are" in states["other"].text
