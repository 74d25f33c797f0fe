"""Runs as tables: what a fleet engineer asks, in SQL, and the documented queries run as written."""

import re

import pytest
from made_run import made_run

from road_clarity.cli import main
from road_clarity.evaluation.tables.query import answer_text, ask
from road_clarity.evaluation.tables.write import write_tables
from road_clarity.evaluation.units import extras
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.evidence.provenance import ROOT
from road_clarity.pipeline.evidence.store import Evidence
from road_clarity.pipeline.run_folder import SUMMARY, write_json

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")


def finished_run(path, letters, source="street"):
    """One frame every 0.6 s; h is high, n nominal."""
    made_run(path, letters)
    span = {"name": source, "frames": len(letters), "start_ns": 0,
            "end_ns": (len(letters) - 1) * 600_000_000}  # fmt: skip
    write_json(path / SUMMARY, {"frames": len(letters), "sources": [span]})
    return path


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    calm = finished_run(folder / "calm", "nnnn", "avenue")
    risky = finished_run(folder / "risky", "nhhn")
    write_tables([calm], folder / "tables")
    write_tables([risky], folder / "tables")
    return folder / "tables"


def test_tables_grow_run_by_run(tables):
    answer = ask(tables, "SELECT run, count(*) AS frames FROM frames GROUP BY run ORDER BY run")
    assert answer.rows == [("calm", 4), ("risky", 4)]


def test_a_frame_counts_for_the_time_since_the_one_before(tables):
    sql = "SELECT source, sum(step_s) FILTER (level = 'high') FROM frames GROUP BY ALL ORDER BY 1"
    assert ask(tables, sql).rows == [("avenue", None), ("street", pytest.approx(1.2))]


def test_reasons_and_stages_are_rows_of_their_own(tables):
    assert ask(tables, "SELECT code, share FROM reasons").rows == [("corridor.person", 0.8)] * 2
    assert ask(tables, "SELECT DISTINCT stage, ms FROM stages").rows == [("total", 4.0)]


def test_events_carry_their_label(tmp_path):
    run = finished_run(tmp_path / "run", "nhnn")
    evidence = Evidence(run)
    evidence.label("0001-corridor-person", "FALSE_ALARM")
    evidence.close()
    write_tables([run], tmp_path / "tables")
    rows = ask(tmp_path / "tables", "SELECT id, label, lasted_s, reason FROM events").rows
    assert rows == [("0001-corridor-person", "FALSE_ALARM", 0.0, "corridor.person")]


def test_the_queries_of_the_docs_run_as_written(tables):
    text = (ROOT / "docs" / "scale.md").read_text()
    queries = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    assert len(queries) == 3
    minutes, reasons, stages = (ask(tables, one) for one in queries)
    assert minutes.records[0]["source"] == "street"
    assert minutes.records[0]["risk_minutes"] == pytest.approx(0.02)
    assert reasons.records[0]["code"] == "corridor.person"
    assert stages.rows == []  # MadePipeline's stages are only the total


def test_an_answer_is_a_table_for_people(tables):
    text = answer_text(ask(tables, "SELECT run, NULL AS label, 0.25 AS share FROM events"))
    assert text.splitlines() == ["run    label  share", "risky  -       0.25"]


def test_what_duckdb_does_not_understand_is_one_sentence(tables, capsys):
    assert main(["query", str(tables), "SELECT speed FROM frames"]) == 2
    assert 'column "speed" not found' in capsys.readouterr().err


def test_a_folder_without_tables_is_refused(tmp_path):
    with pytest.raises(BadInput, match="make them with `road-clarity tables`"):
        ask(tmp_path, "SELECT 1")


def test_two_runs_of_one_name_are_refused(tmp_path):
    (tmp_path / "b").mkdir()
    runs = [finished_run(tmp_path / "run", "n"), finished_run(tmp_path / "b" / "run", "n")]
    with pytest.raises(BadInput, match="names of their own"):
        write_tables(runs, tmp_path / "tables")


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(BadInput, match="holds no frames"):
        write_tables([tmp_path], tmp_path / "tables")


def test_without_the_extra_one_sentence_names_it(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(extras, "import_module", absent)
    with pytest.raises(BadInput, match=r"duckdb.*is not installed; queries needs it.*fleet"):
        extras.fleet_package("duckdb", "queries")
