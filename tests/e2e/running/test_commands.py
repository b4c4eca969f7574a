"""The commands as a user calls them: help, JSON, exit codes, and where they look for things."""

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from hub.cli.root import hub
from tests.support.command_line import Command
from tests.support.schemas import breaches
from tests.support.workbench import Workbench

HUB = Path(sys.executable).with_name("hub")
DBT = Path(sys.executable).with_name("dbt")
EVENT = {"key": "k1", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}


def names_of(group: click.Group, prefix: str = "") -> list[str]:
    """All commands of a group and of the groups in it, as one types them."""
    return [
        name
        for own, member in sorted(group.commands.items())
        for name in (
            names_of(member, f"{prefix}{own} ")
            if isinstance(member, click.Group)
            else [f"{prefix}{own}"]
        )
    ]


SHARED = (
    *("--json", "--project-dir", "--database", "--landing", "--wait"),
    *("--log-level", "--log-format"),
)


class TestHelp:
    @pytest.mark.parametrize("name", names_of(hub))
    def test_every_command_has_help_with_an_example(self, command: Command, name: str) -> None:
        answer = command(*name.split(), "--help")

        assert answer.code == 0
        assert re.search(rf"Example: hub {name}\b", answer.out)

    @pytest.mark.parametrize("name", ["", "contract", "new", *names_of(hub)])
    def test_what_all_commands_share_is_told_apart_and_once(
        self, command: Command, name: str
    ) -> None:
        own, _, shared = command(*name.split(), "--help").out.partition("Options of every command")

        for option in SHARED:
            assert option not in own
            assert shared.count(f"  {option} ") == 1

    @pytest.mark.parametrize("name", ["", "contract", "new", *names_of(hub)])
    def test_no_line_is_cut_or_longer_than_a_terminal(self, command: Command, name: str) -> None:
        _, *lines = command(*name.split(), "--help").out.splitlines()

        assert [line for line in lines if len(line) > 80 or line.endswith("...")] == []
        # no explanation of a shared option takes a second line
        assert not re.search(r"^ {20,}\S", "\n".join(lines), re.MULTILINE)

    def test_the_command_itself_lists_its_commands_and_exit_codes(self, command: Command) -> None:
        answer = command("--help")

        assert answer.code == 0
        assert "0 done, 1 failed, 2 wrong use" in answer.out
        sections = re.findall(r"^(\w.*):\n((?:  .+\n)+)", answer.out, re.MULTILINE)
        listed = {
            title: re.findall(r"^  (\w[\w-]*) ", lines, re.MULTILINE) for title, lines in sections
        }
        assert listed["Take records in"] == ["run", "land", "stream", "pull", "watch"]
        assert listed["Ask"] == ["report", "why", "contract", "doctor"]
        assert listed["Dead letters"] == ["redrive", "discard"]
        assert sorted(itertools.chain(*listed.values())) == sorted(hub.commands)

    def test_the_version_is_shown(self, command: Command) -> None:
        assert re.fullmatch(r"hub, version \d+\.\d+\.\d+\n", command("--version").out)


class TestExitCodes:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["--nonsense"],
            ["fly"],
            ["run", "--nonsense"],
            ["run", "extra"],
            ["run", "--log-level", "loud"],
            ["report", "--history", "0"],
            ["report", "--history", "many"],
            ["report", "--wait", "-1"],
            ["report", "--wait", "nan"],
            ["--log-level", "loud", "report"],
        ],
    )
    def test_a_wrong_command_line_is_2_and_says_so_on_standard_error(
        self, command: Command, arguments: list[str]
    ) -> None:
        answer = command(*arguments)

        assert answer.code == 2
        assert answer.out == ""
        assert "Traceback" not in answer.err
        assert "Error" in answer.err

    def test_a_failure_is_1(self, unbuilt: Workbench, command: Command) -> None:
        assert command("report").code == 1


class TestJson:
    def test_of_a_landing_is_all_there_is_on_standard_output(
        self, bench: Workbench, command: Command
    ) -> None:
        bench.drop("app/a.ndjson", [EVENT])
        bench.drop("app/b.txt", "?")
        bench.drop("gamma/a.ndjson", [EVENT])

        answer = command("land", "--json", "--log-level", "info")

        assert answer.code == 0
        assert {file["file"]: file["status"] for file in answer.data["files"]} == {
            "app/a.ndjson": "landed",
            "app/b.txt": "quarantined",
        }
        assert answer.data["unclaimed"] == ["gamma"]

    @pytest.mark.slow
    def test_of_a_run_its_reports_and_its_receipts_beside_the_database(
        self,
        unbuilt_samples: Workbench,
        command: Command,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        unbuilt_samples.drop("app/sheet.xlsx", "?")
        monkeypatch.setenv("HUB_DATABASE", str(tmp_path / "hub.duckdb"))
        output = tmp_path / "receipt.json"
        noon = ("--now", "2025-01-15T14:00:00+02:00")
        run = command("run", "--json", *noon, "--output", str(output))

        assert (run.code, run.err) == (0, "")
        assert run.data["now"] == "2025-01-15T12:00:00.000"
        assert json.loads(output.read_text()) == run.data
        receipts = {path.name: path.read_text() for path in (tmp_path / "receipts").iterdir()}
        assert receipts.keys() == {"latest.json", f"{run.data['run_id']}.json"}
        assert {json.loads(text)["run_id"] for text in receipts.values()} == {run.data["run_id"]}
        assert json.loads(receipts["latest.json"]) == run.data
        assert not unbuilt_samples.database.exists()
        assert not (unbuilt_samples.root / "receipts").exists()

        assert command("report", "--json").data == run.data
        assert command("report", "--run", run.data["run_id"], "--json").data == run.data
        entity = command("report", "--entity", "events", "--json").data
        assert (entity["entity"], entity["run_id"]) == ("events", run.data["run_id"])
        assert entity["target_rows"] == 4
        history = command("report", "--history", "5", "--json").data
        assert [(entry["run_id"], entry["status"]) for entry in history] == [
            (run.data["run_id"], "succeeded")
        ]
        text = command("report")
        assert run.data["run_id"] in text.out
        assert "app/sheet.xlsx: quarantined" in text.out

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "words",
        [
            *("report", "report --entity events", "report --history 3"),
            *("why evt-003", "why app/events.json:4", "why nobody", "doctor", "land", "publish"),
            "discard --entity clicks --by m --why x",
            "contract diff --entity events",
            "redrive --dry-run",
            "reprocess --entity events --dry-run",
        ],
    )
    def test_has_no_key_that_could_go_or_change_its_name_unnoticed(
        self, after_run: Workbench, command: Command, words: str
    ) -> None:
        data = command(*words.split(), "--json").data
        name = re.sub(r"^(contract diff|\w+).*", r"\1", words)

        assert breaches(name, data) == []
        assert [place for place, other in without_a_key(data) if not breaches(name, other)] == []


# by names of sources, entities, stages, rules, partitions
MAPS = {"sources", "entities", "quality", "stages", "rollout", "streams", "by_rule", "lag"}
# keys that are not there where there is nothing to tell
ABSENT = {"lineage", "asked", "as_of"}


def without_a_key(data: Any, place: str = "$") -> Iterator[tuple[str, Any]]:
    """All that is left of some JSON when one of its keys is taken away, and the place of that."""
    if isinstance(data, list):
        for number, part in enumerate(data[:1]):
            for where, other in without_a_key(part, f"{place}[{number}]"):
                yield where, [*data[:number], other, *data[number + 1 :]]
    elif isinstance(data, dict):
        name = place.rpartition(".")[2]
        for key, part in data.items():
            if name not in MAPS | ABSENT and key not in ABSENT:
                yield f"{place}.{key}", {each: data[each] for each in data if each != key}
            for where, other in without_a_key(part, f"{place}.{key}"):
                yield where, {**data, key: other}


class TestWhereThingsAre:
    @pytest.mark.slow
    def test_shared_options_may_stand_before_the_command_and_the_last_one_counts(
        self, unbuilt: Workbench, command: Command, tmp_path: Path
    ) -> None:
        unbuilt.drop("app/a.ndjson", [EVENT])
        mine, others = str(tmp_path / "mine.duckdb"), str(tmp_path / "others.duckdb")

        assert command("--json", "--database", mine, "land").data["unclaimed"] == []
        assert command("--database", others, "land", "--database", mine, "--json").data["files"]

        assert Path(mine).exists()
        assert not Path(others).exists()
        assert not unbuilt.database.exists()

    @pytest.fixture
    def elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The current folder, which is no project's."""
        folder = tmp_path / "elsewhere"
        folder.mkdir()
        monkeypatch.chdir(folder)
        monkeypatch.delenv("DBT_PROFILES_DIR")
        return folder

    @pytest.mark.slow
    def test_the_project_may_be_somewhere_else_for_every_command(
        self, samples: Workbench, command: Command, elsewhere: Path
    ) -> None:
        folder = ["--project-dir", os.path.relpath(samples.root)]

        run = command("run", "--json", *folder)

        assert (run.code, run.data["status"]) == (0, "succeeded")
        assert samples.sql("select count(*) from marts.events") == [(4,)]
        assert (samples.root / "receipts" / "latest.json").exists()
        for others in ("report", "doctor", "land", "redrive", "why evt-003", "run --dry-run"):
            assert command(*others.split(), *folder).code == 0, others
        assert command("contract", "diff", "--entity", "events", *folder).code == 0
        discard = ("discard", "--entity", "clicks", "--by", "m", "--why", "x")
        assert command(*discard, *folder).code == 0
        assert list(elsewhere.iterdir()) == []

    def test_the_environment_names_the_project(
        self, samples: Workbench, command: Command, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HUB_PROJECT", str(samples.root))

        assert command("land").code == 0

        assert samples.database.exists()
        assert list(elsewhere.iterdir()) == []

    @pytest.mark.parametrize("folder", ["nowhere", "."])
    def test_a_folder_that_is_no_project_is_refused(
        self, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
    ) -> None:
        monkeypatch.chdir(tmp_path)

        answer = command("run", "--project-dir", folder)

        assert answer.code == 2
        assert "--project-dir" in answer.err
        assert folder in answer.err
        assert list(tmp_path.iterdir()) == []

    def test_the_environment_names_database_and_landing_folder(
        self, unbuilt: Workbench, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "in" / "app").mkdir(parents=True)
        (tmp_path / "in" / "app" / "a.ndjson").write_text(json.dumps(EVENT))
        monkeypatch.setenv("HUB_LANDING", str(tmp_path / "in"))
        monkeypatch.setenv("HUB_DATABASE", str(tmp_path / "other.duckdb"))

        assert command("land", "--json").data["files"][0]["status"] == "landed"

        assert (tmp_path / "other.duckdb").exists()
        assert not unbuilt.database.exists()

    def test_options_go_before_the_environment(
        self, bench: Workbench, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("HUB_LANDING", str(tmp_path / "nowhere"))
        monkeypatch.setenv("HUB_DATABASE", str(tmp_path / "nowhere" / "other.duckdb"))
        mine = tmp_path / "mine.duckdb"

        answer = command("land", "--database", str(mine), "--landing", str(bench.root / "landing"))

        assert answer.code == 0
        assert mine.exists()

    def test_a_subfolder_of_the_project_will_do(
        self, bench: Workbench, command: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.drop("app/a.ndjson", [EVENT])
        monkeypatch.chdir(bench.root / "models" / "ops")

        assert command("land", "--json").data["files"][0]["status"] == "landed"

        assert bench.sql("select count(*) from raw.app") == [(1,)]


@pytest.mark.nightly
def test_the_two_commands_work_as_processes_from_the_root_of_the_project(
    samples: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBT_PROFILES_DIR")

    land = _process(samples.root, HUB, "land")
    assert (land.returncode, land.stderr) == (0, "")
    assert "app/events.json" in land.stdout
    build = _process(samples.root, DBT, "build", "--select", "tag:events", "--no-use-colors")
    assert build.returncode == 0, build.stdout
    assert samples.sql("select count(*) from marts.events") == [(4,)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "out", "err"),
    [
        (("run",), 0, r"run \S+ succeeded(.|\n)+see ops.schema_drift\n", ""),
        (("report", "--run", "no-such-run"), 1, "", r"hub: run no-such-run: .+\n"),
        (("report", "--no-such-option"), 2, "", r"(.|\n)+--no-such-option.*\n"),
    ],
)
def test_the_program_says_all_it_has_to_say_before_it_ends(
    samples: Workbench, arguments: tuple[str, ...], code: int, out: str, err: str
) -> None:
    samples.land()

    ended = _process(samples.root, HUB, *arguments)

    assert ended.returncode == code
    assert re.fullmatch(out, ended.stdout)
    assert re.fullmatch(err, ended.stderr)


def _process(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, arguments)), cwd=folder, capture_output=True, text=True, check=False
    )
