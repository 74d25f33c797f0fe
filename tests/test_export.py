"""The gate before an exported network: what departs from torch stays outside."""

import json
import math

import numpy as np
import pytest
import torch

from road_clarity.cli import main
from road_clarity.evaluation.export import gate
from road_clarity.evaluation.export.drive import spread
from road_clarity.evaluation.export.fastest import exports
from road_clarity.evaluation.export.figures import departures, explanation, lanes, raw, targets
from road_clarity.evaluation.export.gate import Recording, export
from road_clarity.evaluation.export.ledger import Ledger
from road_clarity.evaluation.export.race import race
from road_clarity.models.errors import BadInput
from road_clarity.models.lorat import Lorat, Regions, TrackMap
from road_clarity.models.scnn import LaneMaps
from road_clarity.models.vit import VitSize
from road_clarity.pipeline.backends.entries import SingleAnswer, entries
from road_clarity.pipeline.backends.exported import ExportKey, fault
from road_clarity.pipeline.backends.network import write_graph
from road_clarity.pipeline.backends.runtime import Runtime
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.presets import networks_of, preset
from road_clarity.pipeline.weights import read_card

MS = 1_000_000  # [ns]
KEY = ExportKey("vae_edge", "openvino", "fp32", None)


def street(count: int, every_ms: int = 200) -> Recording:
    frames = (
        Frame(
            i, i * every_ms * MS, np.random.default_rng(i).integers(0, 256, (36, 64, 3), np.uint8)
        )
        for i in range(count)
    )
    return Recording("street", tuple(frames))


def disturbed(backend, flat, inputs, path) -> None:
    """Write a network that was changed a little on the way."""
    parameters = list(flat.network.parameters())
    with torch.no_grad():
        parameters[-1].add_(0.05)
    write_graph(backend, flat, inputs, path)
    with torch.no_grad():
        parameters[-1].sub_(0.05)


def test_an_export_that_agrees_is_put_in_place_with_its_report(tmp_path):
    pytest.importorskip("openvino", reason="openvino is not installed")
    report = export(KEY, tmp_path / "out", street(3))
    folder = tmp_path / "out" / "vae_edge-openvino-fp32"
    assert sorted(path.name for path in folder.iterdir()) == [
        "decode.bin", "decode.xml", "encode.bin", "encode.xml", "parity.json", "parity.md",
    ]  # fmt: skip
    assert (report["passed"], report["frames"]) == (True, 3)
    assert {figure["name"] for figure in report["figures"]} == {
        "output_rms", "output_max", "share_max", "error_map", "strangeness",
    }  # fmt: skip
    assert fault(folder, read_card("vae_edge").sha256) is None
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.claim("parity")
def test_an_export_that_departs_leaves_only_its_report_and_the_earlier_export(
    tmp_path, monkeypatch
):
    pytest.importorskip("openvino", reason="openvino is not installed")
    earlier = tmp_path / "vae_edge-openvino-fp32"
    earlier.mkdir()
    (earlier / "encode.xml").write_text("good")
    monkeypatch.setattr(gate, "write_graph", disturbed)
    report = export(KEY, tmp_path, street(3))
    assert not report["passed"]
    refused = tmp_path / "vae_edge-openvino-fp32.refused"
    assert sorted(path.name for path in refused.iterdir()) == ["parity.json", "parity.md"]
    assert not json.loads((refused / "parity.json").read_text())["passed"]
    assert "**too far**" in (refused / "parity.md").read_text()
    assert (earlier / "encode.xml").read_text() == "good"
    assert len(list(tmp_path.iterdir())) == 2


def test_without_frames_nothing_is_exported(tmp_path):
    pytest.importorskip("openvino", reason="openvino is not installed")
    with pytest.raises(BadInput, match="recording street: shows nothing that vae_edge"):
        export(KEY, tmp_path / "out", street(0))
    assert list(tmp_path.iterdir()) == []


class Slow:
    """A graph that takes so many milliseconds, by the clock of the race."""

    runtime = Runtime("torch", "2", "bf16", "cpu")

    def __init__(self, clock, ms: float) -> None:
        self._clock, self._ms = clock, ms

    def run(self, inputs, explained=False):
        self._clock[0] += self._ms / 1000
        return inputs


def test_a_race_is_won_by_what_is_asked_most(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("road_clarity.evaluation.export.race.perf_counter", lambda: clock[0])
    said = race(
        {"remember": Slow(clock, 10.0), "follow": Slow(clock, 20.0)},
        {"remember": Slow(clock, 30.0), "follow": Slow(clock, 10.0)},
        {"remember": [()], "follow": [()] * 9},
    )
    assert said == {
        "torch_precision": "bf16", "torch_ms": 19.0, "export_ms": 12.0, "ratio": 1.583,
    }  # fmt: skip


def test_every_network_of_a_preset_is_tried_until_one_way_is_worth_it(monkeypatch, tmp_path):
    tried = []

    def export(key, out, recording, device):
        tried.append(f"{key.weights} {key.backend} {key.precision}")
        passed = key.precision == "fp32"
        speed = {"ratio": 0.9 if key.backend == "onnx" else 1.2, "torch_precision": "bf16"}
        return {"passed": passed, "speed": speed, "runtime": {"precision": key.precision}}

    monkeypatch.setattr("road_clarity.evaluation.export.fastest.export", export)
    monkeypatch.setattr(
        "road_clarity.pipeline.backends.runtime.multiplies_bfloat16", lambda device: True
    )
    lanes, *_ = networks_of(preset("edge"))
    reports = list(exports(lanes, tmp_path, street(1), "cpu"))
    assert tried == ["scnn_edge openvino bf16", "scnn_edge onnx fp32", "scnn_edge openvino fp32"]
    assert len(reports) == 3


def test_frames_that_are_compared_lie_a_fifth_of_a_second_apart():
    assert [frame.index for frame in spread(iter(street(20, every_ms=40).frames), 3)] == [0, 5, 10]


@pytest.mark.parametrize(("value", "passed"), [(0.9e-4, True), (1.1e-4, False), (math.nan, False)])
def test_a_figure_passes_up_to_its_limit(value, passed):
    ledger = Ledger()
    ledger.see(7)
    ledger.note({"output_rms": value})
    (figure,) = ledger.figures("fp32")
    assert (figure.passed, figure.worst_frame) == (passed, 7)


def test_the_worst_frame_counts_unless_the_mean_is_meant():
    ledger = Ledger()
    for index, (lost, moved) in enumerate([(0.0, 0.001), (1.0, 0.2), (0.0, 0.001)]):
        ledger.see(index)
        ledger.note({"lane_lines": lost, "class_pixels": moved})
    pixels, lines = ledger.figures("bf16")
    assert (lines.mean, lines.passed) == (pytest.approx(1 / 3), False)
    assert (pixels.worst, pixels.worst_frame, pixels.passed) == (0.2, 1, False)


def test_raw_outputs_are_compared_in_their_own_spread():
    entry = SingleAnswer("forward", ("image",), ("logits",))
    said = torch.tensor([[-2.0, 0.0, 2.0]])  # spread 2
    found = raw(entry, (said,), (said + 1.0,))
    assert found == {"output_rms": pytest.approx(0.5), "output_max": pytest.approx(0.5)}


def test_a_nan_among_the_answers_stays_a_nan():
    entry = SingleAnswer("forward", ("image",), ("logits",))
    said = torch.tensor([[-2.0, 0.0, 2.0]])
    assert math.isnan(raw(entry, (said,), (said * math.nan,))["output_rms"])


def lane_maps(column: int) -> LaneMaps:
    """One line, straight up, through a column of an 8 x 16 map."""
    logits = torch.zeros(1, 5, 8, 16)
    logits[0, 0], logits[0, 2, :, column] = 4.0, 12.0
    return LaneMaps(logits, torch.tensor([[0.0, 1.0, 0.0, 0.0]]))


def test_a_lane_line_one_cell_aside_is_one_cell_apart():
    found = lanes((64, 128), lane_maps(6), lane_maps(7))
    assert found["lane_lines"] == 0
    assert found["lane_points"] == pytest.approx(127 / 15, abs=0.3)  # [px], corners aligned


def test_a_lane_line_that_only_one_sees_is_counted():
    blind = lane_maps(6)._replace(existence=torch.zeros(1, 4))
    assert lanes((64, 128), lane_maps(6), blind)["lane_lines"] == 1


def track_map(first: float, second: float) -> TrackMap:
    """Two places beside the middle of 4 x 4, with boxes that do not touch."""
    scores = torch.full((1, 4, 4), -9.0)
    scores[0, 1, 1], scores[0, 2, 2] = first, second
    boxes = torch.zeros(1, 4, 4, 4)
    boxes[0, 1, 1] = torch.tensor([0.1, 0.1, 0.4, 0.4])
    boxes[0, 2, 2] = torch.tensor([0.6, 0.6, 0.9, 0.9])
    return TrackMap(scores, boxes)


def test_a_tie_that_falls_the_other_way_moves_the_box_but_not_what_is_said_of_a_place():
    found = targets(track_map(2.001, 2.0), track_map(2.0, 2.001))
    assert found["box"] == 1.0
    assert found["box_there"] == 0.0
    assert found["place"] < 1e-4


def test_another_place_that_torch_does_not_believe_in_is_seen():
    assert targets(track_map(2.0, -2.0), track_map(-2.0, 2.0))["place"] > 0.3


def test_a_template_remembered_otherwise_is_judged_by_what_is_found_with_it():
    torch.manual_seed(0)
    size = VitSize(width=12, depth=1, heads=1, one_way=True)
    network = Lorat(size, Regions(28, 56, 4.0)).eval()
    torch.nn.init.ones_(network.blocks[0].ls1.gamma)
    for linear in network.head.cls_mlp.layers:
        torch.nn.init.normal_(linear.weight, std=0.3)
    remember, inputs = entries(network)[0], (torch.rand(1, 3, 28, 28), torch.ones(1, 2, 2).long())
    with torch.no_grad():
        memory = network.remember(*inputs)
    same, other = (
        departures(remember, network, network, inputs, (memory,), (theirs,))
        for theirs in (memory, -memory)
    )
    assert (same["output_max"], same["target_confidence"]) == (0.0, 0.0)
    assert other["target_confidence"] > 1e-3


def test_an_explanation_that_moved_lies_elsewhere():
    seen = torch.zeros(1, 2, 4, 5)
    seen[0, 0, 0, :2] = 1.0
    same, moved = explanation(seen, seen), explanation(seen, seen.flip(2))
    assert (same["explanation_rms"], same["explanation_area"]) == (0.0, 0.0)
    assert moved["explanation_area"] == 1.0


def test_an_explanation_that_is_not_a_number_is_no_agreement():
    assert math.isnan(
        explanation(torch.ones(1, 2, 4, 5), torch.full((1, 2, 4, 5), math.nan))["explanation_rms"]
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["edge", "--size", "512x256"], "is for one network; name its weights"),
        (["scnn_edge", "--to", "torch"], "torch needs no export"),
        (["scnn_edge", "--to", "abacus"], "use one of auto, torch, onnx, openvino"),
        (["nobody", "--to", "openvino"], "weights nobody"),
        (["ffnet_edge", "--to", "openvino", "--size", "big"], "write WIDTHxHEIGHT"),
        (["scnn_edge", "--to", "openvino", "--size", "512x256"], "has one size only"),
        (["scnn_edge", "--to", "onnx", "--precision", "bf16"], "precision bf16"),
    ],
)
def test_a_wish_that_cannot_be_met_is_one_sentence_and_changes_nothing(
    arguments, sentence, tmp_path, capsys
):
    assert main(["export", *arguments, "--out", str(tmp_path / "out")]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
