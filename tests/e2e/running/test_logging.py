"""Log lines: to standard error, each with run and stage, and never with a record's content."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from hub.main import main
from tests.support.workbench import Workbench

SECRET = "s3cr3t-7f3a"
EVENT = {"key": SECRET, "name": SECRET, "value": SECRET, "ts": "2025-01-15T08:00:00"}
GOOD = {**EVENT, "value": 1}


@pytest.fixture(autouse=True)
def no_handler_left() -> Iterator[None]:
    yield
    logging.getLogger("loader").handlers.clear()


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.slow
def test_each_line_is_json_with_run_and_stage_and_no_content_of_records_above_debug(
    unbuilt: Workbench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unbuilt.land()
    unbuilt.drop("app/a.ndjson", [EVENT, GOOD, {**GOOD, "value": 2}])
    unbuilt.drop("app/b.ndjson", f'{{"{SECRET}')
    unbuilt.drop("app/c.json", f'[{{"key": "{SECRET}"')
    arguments = ["run", "--json", "--log-level", "debug", "--log-format", "json"]
    monkeypatch.setattr(sys, "argv", ["hub", *arguments])

    main()

    out, err = capsys.readouterr()
    receipt = json.loads(out)
    assert receipt["outcomes"]["rejected"] == 2
    logged = lines(err)
    assert {line["run_id"] for line in logged} == {receipt["run_id"]}
    assert {line["stage"] for line in logged} == {"land", "build", "alerts"}
    assert {line["level"] for line in logged} == {"debug", "info", "warning"}
    assert all(line["time"] and line["message"] for line in logged)
    said = [line["message"] for line in logged if line["stage"] == "land"]
    assert any("app/a.ndjson" in message and "landed" in message for message in said)
    assert any("app/c.json" in message and "truncated_json" in message for message in said)
    began = [line["message"] for line in logged if line["stage"] == "build"]
    assert any(message.endswith("model marts.events") for message in began)
    assert not [line for line in logged if line["level"] != "debug" and SECRET in str(line)]


@pytest.mark.nightly
def test_a_failed_build_is_told_in_the_same_manner(
    own_project: Workbench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own_project.edit(
        "models/staging/app/stg_app__events.sql",
        "{{ json_text('value') }} as value",
        "cast(cast({{ json_text('value') }} as double) as varchar) as value",
    )
    own_project.drop("app/a.ndjson", [EVENT])
    arguments = ["run", "--json", "--log-level", "warning", "--log-format", "json"]
    monkeypatch.setattr(sys, "argv", ["hub", *arguments])

    with pytest.raises(SystemExit, match="1"):
        main()

    out, err = capsys.readouterr()
    receipt = json.loads(out)
    assert receipt["status"] == "failed"
    errors = [line for line in lines(err) if line["level"] == "error"]
    assert any("int_events__checked" in line["message"] for line in errors)
    assert {line["run_id"] for line in errors} == {receipt["run_id"]}
    assert SECRET not in err


class TestLevels:
    @pytest.mark.parametrize(
        ("level", "shown"),
        [("debug", {"info", "warning"}), ("warning", {"warning"}), ("error", set())],
    )
    def test_lines_below_the_level_are_left_out(
        self,
        bench: Workbench,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        level: str,
        shown: set[str],
    ) -> None:
        bench.drop("app/a.ndjson", [GOOD])
        bench.drop("app/b.txt", "?")
        arguments = ["land", "--log-level", level, "--log-format", "json"]
        monkeypatch.setattr(sys, "argv", ["hub", *arguments])

        main()

        assert {line["level"] for line in lines(capsys.readouterr().err)} - {"debug"} == shown

    def test_text_lines_name_level_run_and_stage_too(
        self,
        unbuilt: Workbench,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        unbuilt.drop("app/a.ndjson", [GOOD])
        monkeypatch.setattr(sys, "argv", ["hub", "land", "--log-level", "info"])

        main()

        (line,) = capsys.readouterr().err.splitlines()
        ((run_id,),) = unbuilt.sql("select run_id from ops.runs")
        assert f"run={run_id} stage=land app/a.ndjson: landed, 1 rows" in line
        assert " info " in line
