"""What if, faithfulness, comparison and the course of an event, over gRPC."""

import math

import grpc
import numpy as np
import pytest
from made_run import MadeExplainer, fields_at_fault, made_run, made_world, reason_of, serving

from road_clarity.service.comparison import causes
from road_clarity.service.explain_queue import Deadline
from road_clarity.service.explainer import Account
from road_clarity.service.gen import explanation_service_pb2 as pb
from road_clarity.service.gen import model_service_pb2 as models
from road_clarity.service.gen.explanation_service_pb2_grpc import ExplanationServiceStub
from road_clarity.service.gen.model_service_pb2_grpc import ModelServiceStub
from road_clarity.service.gen.scene_pb2 import Box

EVENT = "0001-corridor-person"
ALL = Box(x0=0, y0=0, x1=64, y1=48)
Frame, Change = pb.ExplainFrameRequest, pb.Intervention
NAN = float("nan")


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    with serving(made_run(tmp_path_factory.mktemp("served") / "run")) as channel:
        yield channel


@pytest.fixture(scope="module")
def stub(channel):
    return ExplanationServiceStub(channel)


def probe(stub, *changes, **more):
    frame = more or {"index": 8}
    request = pb.ProbeCounterfactualRequest(interventions=changes, **frame)
    return stub.ProbeCounterfactual(request, timeout=20)


def test_without_the_person_the_score_falls_by_the_share_of_the_reason(stub):
    answer = probe(stub, Change(drop_track=7))
    assert (answer.before.score, answer.after.score, answer.delta) == (0.8, 0.0, -0.8)
    assert [(one.code, one.delta) for one in answer.deltas] == [("corridor.person", -0.8)]
    assert (answer.recorded.index, answer.before.index, answer.after.index) == (8, 8, 8)
    assert answer.picture.content.startswith(b"\x89PNG")


def test_the_answer_says_how_much_was_run_again(stub):
    answer = probe(stub, Change(drop_track=7), event_id=EVENT, before_s=1.0, during_s=0.0)
    assert (answer.before_s, answer.during_s, answer.frames) == (pytest.approx(0.6), 0.0, 2)
    assert not answer.truncated_by_deadline


def test_several_changes_hold_at_once(stub):
    answer = probe(stub, Change(mask=ALL), Change(drop_lane=2), Change(empty=Change.MODULE_TRACKS))
    assert answer.after.score == 0.0


def test_a_masked_person_that_is_still_tracked_changes_nothing(stub):
    assert probe(stub, Change(mask=ALL)).delta == 0.0


@pytest.mark.parametrize(
    ("changes", "more", "field"),
    [
        ([], {}, "interventions"),
        ([Change(drop_lane=2)] * 9, {}, "interventions"),
        ([Change()], {}, "interventions[0]"),
        ([Change(drop_lane=2), Change(drop_lane=5)], {}, "interventions[1].drop_lane"),
        ([Change(drop_track=8)], {}, "interventions[0].drop_track"),
        ([Change(mask=Box(x0=70, y0=0, x1=90, y1=9))], {}, "interventions[0].mask"),
        ([Change(mask=Box(x0=NAN, y0=0, x1=9, y1=9))], {}, "interventions[0].mask"),
        ([Change(inpaint=Box())], {}, "interventions[0].inpaint"),
        ([Change(empty=0)], {}, "interventions[0].empty"),
        ([Change(missing=77)], {}, "interventions[0].missing"),
        ([Change(drop_lane=2)], {"before_s": 11.0}, "before_s"),
        ([Change(drop_lane=2)], {"before_s": NAN}, "before_s"),
        ([Change(drop_lane=2)], {"before_s": 1.0, "during_s": 2.0}, "during_s"),
        ([Change(drop_lane=2)], {"during_s": NAN}, "during_s"),
    ],
)
def test_a_change_that_cannot_be_made_is_named(stub, changes, more, field):
    with pytest.raises(grpc.RpcError) as caught:
        probe(stub, *changes, index=8, **more)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_at_fault(caught.value) == [field]


def test_every_error_map_comes_with_what_it_is_worth(stub):
    found = stub.ExplainFrame(Frame(event_id=EVENT)).faithfulness
    assert (found.map, found.verdict) == ("error_map", pb.FAITHFULNESS_VERDICT_NOT_BETTER)
    assert (found.deletion, found.insertion_moved, found.chances) == (0.6, 0.5, 5)
    assert not found.HasField("randomisation")


def test_maps_of_networks_are_measured_on_request(stub):
    asked = {"event_id": EVENT, "method": "eigen_cam"}
    plain = stub.ExplainFrame(Frame(**asked)).network_maps
    assert not any(one.HasField("faithfulness") for one in plain)
    scored = stub.ExplainFrame(Frame(faithfulness=True, **asked)).network_maps
    assert [one.faithfulness.map for one in scored] == [one.network for one in plain]


def test_a_thorough_score_holds_the_checks_as_well(stub):
    request = pb.ScoreExplanationRequest(explanation=Frame(index=2))
    (found,) = stub.ScoreExplanation(request).maps
    assert (found.randomisation, found.stability) == (0.1, 0.9)
    maps = stub.ScoreExplanation(
        pb.ScoreExplanationRequest(explanation=Frame(index=2, method="eigen_cam"))
    ).maps
    assert len(maps) == 3


def test_two_frames_are_compared_by_maps_shares_and_causes(stub):
    answer = stub.CompareExplanations(
        pb.CompareExplanationsRequest(one=Frame(index=0), other=Frame(index=8))
    )
    (pair,) = answer.maps
    assert (pair.rank_correlation, pair.top_overlap) == (pytest.approx(1.0), 1.0)
    assert [(one.code, one.delta) for one in answer.shares] == [("corridor.person", 0.4)]
    assert [(one.label, one.one, one.other) for one in answer.causes] == [
        ("person 7", "lost at encoder.2, dead channel", "lost at encoder.2, dead channel"),
    ]


def test_an_object_is_the_same_part_whatever_points_to_it_and_a_reason_alone_is_its_own():
    one = {"person 7, corridor.person": "redrawn", "collision.time": "redrawn"}
    other = {"person 7": "lost at decoder.2", "strangest": "redrawn"}
    assert [(cause.label, cause.one, cause.other) for cause in causes(one, other)] == [
        ("person 7", "redrawn", "lost at decoder.2"),
        ("collision.time", "redrawn", ""),
        ("strangest", "", "redrawn"),
    ]


def test_two_methods_are_compared_map_by_map(stub):
    answer = stub.CompareExplanations(
        pb.CompareExplanationsRequest(one=Frame(index=8), other=Frame(index=8, method="eigen_cam"))
    )
    assert [(one.one, one.other) for one in answer.maps] == [
        ("error_map", "lanes"),
        ("error_map", "segmentation"),
        ("error_map", "tracker of person 7, corridor.person"),
    ]
    assert [one.name for one in answer.models_of_other] == ["scnn_edge"]


@pytest.mark.parametrize(
    ("one", "other", "field"),
    [
        (Frame(), Frame(index=1), "one.frame"),
        (Frame(index=1), Frame(index=1, method="sheets"), "other.method"),
        (Frame(index=1), Frame(index=1, method="eigen_cam", model="rg_edge"), "other.model"),
    ],
)
def test_a_side_that_cannot_be_compared_is_named(stub, one, other, field):
    with pytest.raises(grpc.RpcError) as caught:
        stub.CompareExplanations(pb.CompareExplanationsRequest(one=one, other=other))
    assert fields_at_fault(caught.value) == [field]


def test_an_event_is_its_reasons_over_time_and_its_peak(stub):
    answer = stub.ExplainEvent(pb.ExplainEventRequest(event_id="0003-corridor-person"))
    (part,) = answer.parts
    assert (part.code, part.portion) == ("corridor.person", 1.0)
    assert part.share_s == pytest.approx(answer.score_s) == pytest.approx(0.6 * (0.4 + 0.8))
    assert (answer.peak.recorded.index, answer.truncated_by_deadline) == (9, False)


def test_without_time_for_the_peak_an_event_still_has_its_course(tmp_path):
    explainer = MadeExplainer()
    explainer.go.clear()
    with serving(made_run(tmp_path / "run"), lambda: explainer) as channel:
        stub = ExplanationServiceStub(channel)
        answer = stub.ExplainEvent(pb.ExplainEventRequest(event_id=EVENT), timeout=1.0)
        explainer.go.set()
    assert (answer.truncated_by_deadline, answer.HasField("peak")) == (True, False)
    assert answer.parts[0].code == "corridor.person"


class NanExplainer(MadeExplainer):
    """A world model that broke: nan everywhere."""

    def explain(self, image, places, deadline: Deadline) -> Account:
        world = made_world()
        broken = {"error": math.nan, "error_p": math.nan, "error_map": world.error_map * np.nan}
        return Account(type(world)(**{**vars(world), **broken}), (), truncated=False)


def test_nan_from_a_model_is_no_number_in_the_answer(tmp_path):
    with serving(made_run(tmp_path / "run"), NanExplainer) as channel:
        answer = ExplanationServiceStub(channel).ExplainFrame(Frame(index=2), timeout=20)
    assert not answer.anomaly.HasField("score") and not answer.anomaly.HasField("p_value")
    assert answer.error_map.content.startswith(b"\x89PNG")


def test_cards_are_listed_page_by_page(channel):
    stub = ModelServiceStub(channel)
    first = stub.ListModels(models.ListModelsRequest(page_size=2))
    second = stub.ListModels(
        models.ListModelsRequest(page_size=2, page_token=first.next_page_token)
    )
    names = [one.name for one in (*first.models, *second.models)]
    assert len(names) == 4 and names == sorted(set(names))


def test_a_card_says_where_weights_come_from_and_whether_they_are_whole(channel):
    stub = ModelServiceStub(channel)
    name = stub.ListModels(models.ListModelsRequest()).models[0].name
    card = stub.GetModel(models.GetModelRequest(name=name))
    assert card.file_matches and len(card.sha256) == 64 and card.data and card.recipe
    for unknown in ("none", "../vae_edge", ""):
        with pytest.raises(grpc.RpcError) as caught:
            stub.GetModel(models.GetModelRequest(name=unknown))
        assert reason_of(caught.value)[0] == "MODEL_UNKNOWN"


def test_only_so_many_feature_maps_are_sent(channel):
    answer = ModelServiceStub(channel).GetReconstruction(
        models.GetReconstructionRequest(frame=Frame(index=2), layer="encoder.1")
    )
    assert (answer.count, answer.channels, answer.columns) == (64, 70, 8)
    assert answer.tiles.content.startswith(b"\x89PNG")
