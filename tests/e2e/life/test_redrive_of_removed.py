"""Dead letters of a source that is registered no more: no adapter reads them any longer."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli.root import hub as command
from hub.commands import dead_letters
from hub.main import main
from hub.queries.dead_letters import DeadLetterChoice
from loader.errors import WrongUse
from tests.support.workbench import Workbench, fresh_samples

pytestmark = pytest.mark.slow

WITHOUT = "no adapter reads what alpha sent, which is registered no more"
REMEDY = "Register it again or, if it has another name now, `hub rename-source alpha NAME`."


@pytest.fixture(scope="module")
def image(shared_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run leaves behind that made dead letters of alpha and of beta."""
    image = tmp_path_factory.mktemp("images") / "removed"
    with fresh_samples(shared_root, built=False) as bench:
        bench.empty_landing()
        bench.drop("alpha/1.json", [{"uid": "o1", "data": None}, {"uid": "o2"}])
        bench.drop("beta/1.json", [{"identifier": "", "payload": "lost"}])
        bench.run()
        bench.save(image)
    return image


@pytest.fixture
def removed(own_project: Workbench, image: Path) -> Workbench:
    """A project from which alpha was taken out since."""
    own_project.restore(image)
    own_project.edit("dbt_project.yml", "[alpha, beta]", "[beta]")
    return own_project


def ids(bench: Workbench, source: str) -> list[int]:
    return [
        number
        for (number,) in bench.sql(
            "select record_id from ops.dead_letters where source = ? order by 1", source
        )
    ]


def refusal(bench: Workbench, **choice: Any) -> str:
    with pytest.raises(WrongUse) as wrong:
        dead_letters.redrive(bench.project, DeadLetterChoice(**choice))
    return str(wrong.value)


def test_they_are_refused_where_they_are_asked_for(removed: Workbench) -> None:
    first, _ = ids(removed, "alpha")

    assert refusal(removed, source="alpha") == f"source 'alpha': {WITHOUT}. {REMEDY}"
    assert refusal(removed, record_id=first) == f"dead letter {first}: {WITHOUT}. {REMEDY}"

    assert removed.sql("select count(*) from ops.redrive_requests") == [(0,)]
    assert removed.sql("select command from ops.runs") == [("run",)]


def test_an_unknown_source_is_none(
    removed: Workbench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["redrive"], ["discard", "--by", "mia", "--why", "test"]):
        monkeypatch.setattr(sys, "argv", ["hub", *arguments, "--source", "gamma"])
        with pytest.raises(SystemExit) as end:
            main()

        assert end.value.code == 2
        assert capsys.readouterr().err == (
            "hub: source 'gamma': there is none. Known are app, beta, web, plant, partner.\n"
        )


def test_they_may_be_discarded(removed: Workbench) -> None:
    left = dead_letters.discard(removed.project, DeadLetterChoice(source="alpha"), "mia", "gone")

    assert [each["status"] for each in left] == ["discarded"] * 2


def test_in_a_broad_choice_they_are_left_out_and_said(removed: Workbench) -> None:
    result = CliRunner().invoke(command, ["redrive", "--entity", "orders", "--json"])

    said = json.loads(result.output)
    assert result.exit_code == 0
    assert [each["record_id"] for each in said["dead_letters"]] == ids(removed, "beta")
    warning = (
        "alpha: 2 open dead letters cannot be decided again, as the source is registered no "
        "more: register it, or `hub rename-source alpha NAME`"
    )
    assert said["left_out"] == [warning]
    assert warning in said["run"]["warnings"]
    assert removed.sql("select record_id, completed_at is not null from ops.redrive_requests") == [
        (ids(removed, "beta")[0], True)
    ]


def test_with_nothing_else_to_do_it_is_said_too(removed: Workbench) -> None:
    dead_letters.discard(removed.project, DeadLetterChoice(source="beta"), "mia", "test")
    removed.run()

    said = CliRunner().invoke(command, ["redrive"]).output

    assert said.splitlines()[0] == "no open dead letter fits"
    assert said.splitlines()[1].startswith("warning: alpha: 2 open dead letters cannot be")
    assert removed.sql("select count(*) from ops.redrive_requests") == [(0,)]
