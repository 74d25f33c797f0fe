"""A benchmark compares two ways to the same result."""

import json
from dataclasses import asdict
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from road_clarity.cli import main
from road_clarity.evaluation.bench.earlier import Earlier
from road_clarity.evaluation.bench.eigen_cam import cam_by_svd, made_up_features
from road_clarity.evaluation.bench.machine import Roof, this_machine
from road_clarity.evaluation.bench.message_passing import straightforward
from road_clarity.evaluation.bench.report import text
from road_clarity.evaluation.bench.rounds import Times, in_turn
from road_clarity.evaluation.bench.stages import stage_times
from road_clarity.evaluation.bench.subjects import subjects
from road_clarity.evaluation.bench.table import table
from road_clarity.evaluation.bench.ways import REFERENCE, Way, call, difference
from road_clarity.evaluation.bench.work import gmacs
from road_clarity.models.eigen_cam import eigen_cam
from road_clarity.models.errors import BadInput
from road_clarity.models.message_passing import MessagePassing
from road_clarity.pipeline.backends.graph import Flat


def test_the_loop_that_the_message_passing_is_measured_against_computes_the_same():
    torch.manual_seed(0)
    passing, x = MessagePassing(8), torch.randn(1, 8, 6, 10)
    assert torch.allclose(straightforward(passing, x), passing(x), atol=1e-6)


def test_the_popular_eigen_cam_shows_the_same_map():
    features = made_up_features((6, 5, 7))
    by_svd = cam_by_svd(features, full=True)
    assert abs(eigen_cam(features).numpy() - by_svd).max() < 1e-5


def test_every_way_has_its_turn_in_every_round():
    calls = []
    times = in_turn({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, seconds=0)
    assert "".join(calls[4:10]) == "abbaab"  # after the warm-up
    assert times["a"].count == times["b"].count == 5


def test_the_middle_and_the_worst_of_a_hundred_calls():
    assert Times.of([float(ms) for ms in range(101)]) == Times(50.0, 99.0, best=0.0, count=101)


def test_a_convolution_multiplies_once_for_every_weight_and_place():
    layer = nn.Conv2d(2, 4, 3)  # 10 x 10 places of 72 weights
    assert gmacs(layer, (torch.zeros(1, 2, 12, 12),)) == pytest.approx(7200e-9)


def test_an_lstm_multiplies_all_its_weights_at_every_step():
    lstm = nn.LSTM(3, 5, batch_first=True).eval()  # 4 gates of 5 x 3 and 5 x 5 weights
    assert gmacs(lstm, (torch.zeros(1, 7, 3),)) == pytest.approx(7 * 160e-9)


@pytest.mark.parametrize(
    ("name", "published"), [("scnn_vgg16", 109.1), ("ffnet_40s_bbb", 60.1), ("lorat_s_224", 7.0)]
)
def test_published_networks_cost_what_is_known_of_them(name, published):
    with torch.device("meta"):  # shapes are enough
        parts = [gmacs(Flat(one.network, one.entry), one.inputs) for one in subjects(name)]
        assert sum(parts) == pytest.approx(published, rel=0.15)


def test_a_share_of_the_roof_is_taken_in_its_own_precision():
    roof = Roof({"fp32": 200.0, "bf16": 400.0}, copy_gb_per_s=60.0)
    assert [roof.share(100.0, precision) for precision in ("fp32", "bf16")] == [0.5, 0.25]


def test_answers_differ_by_standard_deviations_of_the_reference():
    reference = torch.tensor([-2.0, 2.0, -2.0, 2.0])
    assert difference((reference + 1,), (reference,)) == pytest.approx(3**0.5 / 4)


@torch.inference_mode()
def test_torch_as_the_pipeline_runs_it_answers_as_the_reference_does(tmp_path):
    _, decode = subjects("vae_64")
    said, reference = (call(decode, way, tmp_path)() for way in (Way("torch", "fp32"), REFERENCE))
    assert difference(said, reference) < 1e-5


def test_a_table_shows_three_digits_and_what_is_not_known():
    assert table(["model", "ms"], [["scnn", 1234.5], ["ffnet", 0.12345], ["vae", None]]) == (
        "| model |    ms |\n"
        "| ----- | ----: |\n"
        "| scnn  |  1234 |\n"
        "| ffnet | 0.123 |\n"
        "| vae   |     - |"
    )


def earlier_report(folder, **machine):
    path = folder / "earlier.json"
    row = {"model": "scnn_edge", "input": "512x288", "backend": "torch", "precision": "fp32"}
    content = {"machine": asdict(this_machine()) | machine, "networks": [row | {"ms_p50": 30.0}]}
    path.write_text(json.dumps(content))
    return Earlier.read(path), row


def test_a_row_that_takes_half_the_time_is_twice_as_fast_as_before(tmp_path):
    earlier, row = earlier_report(tmp_path)
    assert earlier.departures(asdict(this_machine())) == []
    assert earlier.gain(row | {"ms_p50": 15.0}) == 2.0
    assert earlier.gain(row | {"ms_p50": 15.0, "precision": "bf16"}) is None


def test_figures_of_another_machine_are_not_compared(tmp_path):
    earlier, _ = earlier_report(tmp_path, cores=64)
    assert earlier.departures({"cores": 2}) == ["cores 64 then, 2 now"]


@pytest.mark.parametrize(
    "content", ["", "[]", '{"networks": []}', '{"machine": {}, "networks": [1]}']
)
def test_a_file_that_no_bench_wrote_is_refused(tmp_path, content):
    path = tmp_path / "earlier.json"
    path.write_text(content)
    with pytest.raises(BadInput):
        Earlier.read(path)


def test_a_backbone_that_only_training_uses_is_not_measured():
    with pytest.raises(BadInput, match="only trained from"), torch.device("meta"):
        subjects("dinov2_vits14")


def test_a_report_shows_every_network_and_what_became_of_it(tmp_path):
    earlier, row = earlier_report(tmp_path)
    figures = dict.fromkeys(
        ("ms_p99", "ratio_best", "memory_mib", "gmacs", "gmacs_per_s", "difference"), 1.0
    )
    measured = (
        row | figures | {"ms_p50": 10.0, "ratio": 2.5, "weights": "random", "roof_share": 0.3}
    )
    report = {
        "machine": asdict(this_machine()),
        "networks": [measured],
        "roof": {"gmacs_per_s": {"fp32": 200.0}, "copy_gb_per_s": 60.0},
        "load": {"before": 0.1, "after": 0.2},
        "message_passing": [],
        "eigen_cam": [],
        "stages": {"fps": 12.5, "stages": {"lanes": {"p50": 40.0, "p99": 50.0, "count": 55}}},
    }
    shown = text(report, earlier)
    (line,) = (line for line in shown.splitlines() if "scnn_edge (random)" in line)
    cells = [cell.strip() for cell in line.strip("| ").split("|")]
    assert cells[4:7] == ["10.0", "1.00", "2.50"]  # p50, p99, ratio
    assert cells[-3:] == ["30.0", "1.00", "3.00"]  # % of roof, difference, as fast as before
    assert "12.5 frames/s" in shown and "200 GMAC/s in fp32" in shown


def test_a_recording_that_is_all_warm_up_is_refused():
    with pytest.raises(BadInput):
        stage_times(SimpleNamespace(step=lambda _: SimpleNamespace(latency_ms={})), range(5))


def test_nobody_measures_a_network_that_does_not_exist(capsys):
    assert main(["bench", "--model", "yolop", "--seconds", "0"]) == 2
    assert "neither weights nor an architecture" in capsys.readouterr().err
