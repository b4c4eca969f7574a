"""Every mistake a user can make is one line: where, what, what to do; and nothing is half done."""

import errno
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from hub.main import main
from loader.landing import file as file_landing
from tests.support.workbench import Workbench, held

EVENT = {"key": "k1", "name": "a", "value": 1, "ts": "2025-01-15T08:00:00"}

Complaint = Callable[..., str]


@pytest.fixture
def complaint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Complaint]:
    """Run `hub` with arguments that must fail with the given exit code; returns what it says."""

    def call(*arguments: str, code: int = 2) -> str:
        monkeypatch.setattr(sys, "argv", ["hub", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        out, said = capsys.readouterr()
        assert end.value.code == code, said
        assert out == ""
        assert said.startswith("hub: ")
        assert said.count("\n") == 1, said
        assert "Traceback" not in said
        # where: what. remedy
        where, _, rest = said.removeprefix("hub: ").partition(": ")
        what, _, remedy = rest.partition(". ")
        assert where
        assert what
        assert remedy.strip()
        return said

    yield call
    logging.getLogger("loader").handlers.clear()


class TestTheMachine:
    def test_a_wrong_limit_of_memory_is_refused(
        self, bench: Workbench, complaint: Complaint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HUB_MEMORY_LIMIT", "plenty")

        assert "HUB_MEMORY_LIMIT: 'plenty'" in complaint("land")

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("error", "says"),
        [
            (OSError(errno.ENOSPC, "No space left on device"), "the disk: [Errno 28] No space"),
            (duckdb.IOException("IO Error: Could not write all bytes"), "the disk: IO Error"),
            (duckdb.OutOfMemoryException("Out of Memory Error: x\n\nadvice"), "the memory: Out"),
            (MemoryError(), "the memory: MemoryError"),
            (
                PermissionError(errno.EACCES, "Permission denied", "receipts"),
                "receipts: [Errno 13]",
            ),
            (duckdb.FatalException("FATAL Error: invalidated"), "the warehouse: FATAL Error"),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
    )
    def test_what_the_machine_fails_at_is_said_in_a_line(
        self,
        bench: Workbench,
        complaint: Complaint,
        monkeypatch: pytest.MonkeyPatch,
        error: Exception,
        says: str,
    ) -> None:
        def fail(*_: object) -> None:
            raise error

        bench.drop("app/a.ndjson", [EVENT])
        with monkeypatch.context() as patch:
            patch.setattr(file_landing, "replace_outcome", fail)
            assert says in complaint("land", code=1)
        assert bench.sql("select count(*) from raw.app") == [(0,)]

        bench.land()
        assert bench.sql("select count(*) from raw.app") == [(1,)]


class TestTheProjectFile:
    @pytest.mark.parametrize(
        ("content", "says"),
        [
            ("name: hub\nvars: {sources: [\n", "dbt_project.yml, line 3"),
            ("- a list\n", "expected a mapping"),
            ("", "no source is registered"),
            ("vars: {sources: {}}\n", "no source is registered"),
            ("vars: {sources: {events: app}}\n", "expected a list of names"),
            ("vars: {sources: {events: [7]}}\n", "expected a list of names"),
            ("vars: {sources: [app]}\n", "expected a mapping"),
            ("vars: {sources: {parcels: [app]}}\n", "no contract for the entity 'parcels'"),
        ],
    )
    def test_that_cannot_be_used_is_named(
        self, own_project: Workbench, complaint: Complaint, content: str, says: str
    ) -> None:
        (own_project.root / "dbt_project.yml").write_text(content)

        said = complaint("run")

        assert "dbt_project.yml" in said
        assert says in said
        assert not own_project.database.exists()

    def test_that_is_no_text_is_named(self, own_project: Workbench, complaint: Complaint) -> None:
        (own_project.root / "dbt_project.yml").write_bytes(b"name: \xff\xfe")

        assert "dbt_project.yml: cannot be read" in complaint("run")

    def test_is_looked_for_above_and_its_absence_said(
        self, tmp_path: Path, complaint: Complaint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)

        assert "dbt_project.yml" in complaint("run")

    def test_an_unknown_entity_names_the_known_ones(
        self, own_project: Workbench, complaint: Complaint
    ) -> None:
        own_project.set_vars(sources={"event": ["app"]})

        assert "clicks, events, measurements, orders" in complaint("run")

    def test_a_source_twice_under_one_entity_is_named(
        self, own_project: Workbench, complaint: Complaint
    ) -> None:
        own_project.set_vars(sources={"orders": ["alpha", "alpha"]})

        assert "two sources of the name 'alpha'" in complaint("land")

    def test_a_source_under_two_entities_is_named(
        self, own_project: Workbench, complaint: Complaint
    ) -> None:
        own_project.set_vars(sources={"events": ["app"], "orders": ["alpha", "app"]})

        said = complaint("land")

        assert "two sources of the name 'app'" in said
        assert "events" in said
        assert "orders" in said

    @pytest.mark.parametrize("name", ["loads", "sources", "fields", "source_fields"])
    def test_a_table_of_the_loader_is_no_name_for_a_source(
        self, own_project: Workbench, complaint: Complaint, name: str
    ) -> None:
        own_project.set_vars(sources={"events": [name]})

        assert f"'{name}' cannot be the name of a source" in complaint("land")

    @pytest.mark.parametrize("name", ["App", "1st", "a-b", "a b", "../up", "", "a;drop"])
    def test_a_name_that_is_no_identifier_is_refused(
        self, own_project: Workbench, complaint: Complaint, name: str
    ) -> None:
        own_project.set_vars(sources={"events": [name]})

        assert "cannot be the name of a source" in complaint("land")

    def test_a_source_without_yaml_says_which_to_write(
        self, own_project: Workbench, complaint: Complaint
    ) -> None:
        own_project.set_vars(sources={"orders": ["alpha", "gamma"]})

        assert "models/staging/gamma/gamma.yml" in complaint("land")

    def test_a_source_without_adapter_says_which_to_write(
        self, own_project: Workbench, complaint: Complaint
    ) -> None:
        (own_project.root / "models" / "staging" / "app" / "stg_app__events.sql").unlink()

        assert "models/staging/app/stg_app__events.sql" in complaint("land")


class TestTheSettingsOfASource:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("settings", "says"),
        [
            ({"lateness": 5}, ["'lateness'", "allowed_lateness, delivery, fields, format, "]),
            ({"late": "drop"}, ["late", "'drop'", "apply, skip, dead_letter"]),
            ({"Late": "skip"}, ["unknown key 'Late'. Did you mean 'late'?"]),
            ({"allowed_lateness": "1h"}, ["allowed_lateness", "'1h'"]),
            ({"allowed_lateness": -1}, ["allowed_lateness", "-1"]),
            ({"allowed_lateness": True}, ["allowed_lateness", "True"]),
            ({"timezone": "Mars/Olympus"}, ["timezone", "'Mars/Olympus'", "Europe/Berlin"]),
            ({"timezone": "../../etc/passwd"}, ["timezone"]),
            ({"timezone": 1}, ["timezone"]),
            ({"nulls": "NULL"}, ["nulls", "expected a list of texts, found 'NULL'", "-999"]),
            ({"nulls": []}, ["nulls", "expected a list of texts, found []"]),
            ({"nulls": ["NULL", None]}, ["nulls", "expected a text, found None", "in quotes"]),
            ({"nulls": [-999]}, ["nulls", "expected a text, found -999", "in quotes"]),
            ({"nulls": [" NULL"]}, ["nulls", "' NULL' has white space around it"]),
            ({"nulls": ["a\nb"]}, ["nulls", "more than one line"]),
            ({"format": {"kind": "xml"}}, ["format", "xml", "json", "ndjson", "csv", "parquet"]),
            ({"format": {"sep": ";"}}, ["format", "'sep'", "delimiter"]),
            ({"format": {"delimiter": ";;"}}, ["format", "delimiter", ";;"]),
            ({"format": {"header": ["id", "id"]}}, ["format", "header", "once"]),
            ({"format": {"header": "id"}}, ["format", "header", "'id'"]),
            ({"format": {"skip_lines": -1}}, ["format", "skip_lines", "-1"]),
            ({"format": {"comment": '"#'}}, ["format", "comment", "quote"]),
            ({"format": {"encoding": "klingon"}}, ["format", "encoding", "klingon"]),
            ({"format": "csv"}, ["format", "'csv'"]),
            ({"fields": {"key": "text"}}, ["fields", "key", "'text'", "string, number, boolean"]),
            ({"fields": ["key"]}, ["fields", "expected a mapping"]),
            ({"delivery": "all"}, ["delivery", "'all'", "incremental, full"]),
            ({"stale_after": 0}, ["stale_after", "found 0", "above 0"]),
            ({"stale_after": "1h"}, ["stale_after", "'1h'"]),
            ({"key_from": "key"}, ["unknown key 'key_from'"]),
            (
                {"kafka": {"topic": "t", "bootstrap_servers": "b", "key_from": "value"}},
                ["kafka: key_from", "'value'", "Expected one of key."],
            ),
            (
                {"delivery": "full", "http": {"url": "https://api.example", "items": "a"}},
                ["meta: delivery: only files", "`http` is declared", "take `http` out"],
            ),
            (
                {"delivery": "full", "kafka": {"topic": "t", "bootstrap_servers": "b"}},
                ["meta: delivery: only files", "`kafka` is declared"],
            ),
        ],
        ids=str,
    )
    def test_an_unknown_key_or_value_names_file_key_and_the_known_ones(
        self,
        own_project: Workbench,
        complaint: Complaint,
        settings: dict[str, object],
        says: list[str],
    ) -> None:
        own_project.set_meta("app", **settings)

        said = complaint("land")

        assert "models/staging/app/app.yml" in said
        for part in says:
            assert part in said

    def test_a_whole_state_is_refused_of_one_source_among_several(
        self, own_project: Workbench, complaint: Complaint
    ) -> None:
        own_project.set_meta("alpha", delivery="full")

        assert complaint("land") == (
            "hub: models/staging/alpha/alpha.yml: source 'alpha': meta: delivery: full is for the "
            "only source of an entity: a key that a file lacks may be of beta. Write incremental, "
            "or take beta out of vars: sources.\n"
        )

    def test_how_a_source_delivers_is_kept_for_the_models(self, own_project: Workbench) -> None:
        own_project.set_meta("app", delivery="full")
        own_project.set_meta("alpha", stale_after=3600)
        kafka = {"topic": "t", "bootstrap_servers": "b", "key_from": "key"}
        own_project.set_meta("web", kafka=kafka)
        own_project.land()

        assert own_project.sql(
            "select source, delivery, key_from, stale_after from raw.sources "
            "where source in ('app', 'alpha', 'web') order by source"
        ) == [
            ("alpha", "incremental", None, 3600),
            ("app", "full", None, None),
            ("web", "incremental", "key", None),
        ]

    @pytest.mark.parametrize(
        ("old", "new", "says"),
        [
            ("          meta:\n", "          mta:\n", "config: unknown key 'mta'. Write `meta`."),
            ("          meta:\n", "          Meta:\n", "config: unknown key 'Meta'. Write `meta`."),
            ("        config:\n", "        confg:\n", "unknown key 'confg'. Write `config`."),
            (
                "        config:\n",
                "        late: skip\n        config:\n",
                "source 'app': 'late' stands beside `meta`, where nothing reads it. "
                "Write `late` under `config: meta:` of the table.",
            ),
            (
                "          meta:\n",
                "          HTTP: {url: x}\n          meta:\n",
                "config: 'HTTP' stands beside `meta`, where nothing reads it. Write `http` under",
            ),
            (
                "        config:\n",
                "        meta: {late: skip}\n        config:\n",
                "source 'app': meta: the hub does not read 'late' here. Move it under `config: m",
            ),
            (
                "    schema: raw\n",
                "    schema: raw\n    config: {meta: {timezone: UTC}}\n",
                "sources: raw: config: meta: the hub does not read 'timezone' here.",
            ),
            (
                "    schema: raw\n",
                "    schema: raw\n    time_zone: UTC\n",
                "sources: raw: 'time_zone' stands beside `meta`, where nothing reads it.",
            ),
        ],
    )
    def test_a_setting_that_nothing_would_read_is_named(
        self, own_project: Workbench, complaint: Complaint, old: str, new: str, says: str
    ) -> None:
        own_project.edit("models/staging/app/app.yml", old, new)

        said = complaint("land")

        assert said.startswith("hub: models/staging/app/app.yml: ")
        assert says in said
        assert not own_project.database.exists()

    def test_what_is_dbts_own_may_stand_beside_meta(self, own_project: Workbench) -> None:
        own_project.edit(
            "models/staging/app/app.yml",
            "        config:\n",
            "        meta: {owner: mia}\n        tags: [x]\n        config:\n"
            "          event_time: landed\n          owner: mia\n",
        )

        own_project.project.require_sound()

    def test_a_wrong_setting_is_found_before_a_warehouse_is_made(
        self, own_project: Workbench, complaint: Complaint
    ) -> None:
        own_project.set_meta("app", late="drop")

        complaint("run")

        assert not own_project.database.exists()

    def test_two_files_that_declare_one_source_are_both_named(
        self, own_project: Workbench, complaint: Complaint
    ) -> None:
        staging = own_project.root / "models" / "staging"
        (staging / "web" / "also.yml").write_text(
            "sources: [{name: raw, schema: raw, tables: [{name: app}]}]\n"
        )

        said = complaint("land")

        assert "models/staging/app/app.yml" in said
        assert "models/staging/web/also.yml" in said

    def test_a_yaml_that_cannot_be_parsed_is_named_with_its_line(
        self, own_project: Workbench, complaint: Complaint
    ) -> None:
        path = own_project.root / "models" / "staging" / "app" / "app.yml"
        path.write_text(path.read_text() + "\n  - : [\n")

        assert "models/staging/app/app.yml, line " in complaint("land")


class TestTheCommandLine:
    def test_an_unknown_source_names_the_known_ones_and_lands_nothing(
        self, bench: Workbench, complaint: Complaint
    ) -> None:
        bench.drop("app/a.ndjson", [EVENT])

        said = complaint("land", "app", "gamma")

        assert "'gamma'" in said
        assert "app, alpha, beta, web, plant, partner" in said
        assert bench.sql("select count(*) from raw.loads") == [(0,)]
        assert bench.sql("select count(*) from ops.runs where status = 'running'") == [(0,)]

    def test_an_unknown_stage_names_the_known_ones_and_lands_nothing(
        self, unbuilt: Workbench, complaint: Complaint
    ) -> None:
        unbuilt.drop("app/a.ndjson", [EVENT])

        assert "adapt, deduplicate, validate, freshness, reconcile" in complaint(
            "run", "--skip", "checks"
        )
        assert not unbuilt.database.exists()

    @pytest.mark.parametrize(
        "moment", ["tomorrow", "2025-13-01", "12:00", "", "0001-01-01T00:00:00+05:00"]
    )
    def test_a_now_that_is_no_moment_is_refused(
        self, unbuilt: Workbench, complaint: Complaint, moment: str
    ) -> None:
        assert "--now" in complaint("run", "--now", moment)
        assert not unbuilt.database.exists()

    @pytest.mark.parametrize("option", ["--since", "--until", "--now"])
    def test_a_moment_of_a_reprocessing_is_named_by_its_option(
        self, bench: Workbench, complaint: Complaint, option: str
    ) -> None:
        said = complaint("reprocess", "--entity", "events", option, "yesterday")

        assert said.startswith(f"hub: {option} yesterday: ")

    def test_what_cannot_be_reprocessed_is_refused_and_the_known_are_named(
        self, after_run: Workbench, complaint: Complaint
    ) -> None:
        assert "events, orders, clicks, measurements" in complaint(
            "reprocess", "--entity", "invoices"
        )
        assert "alpha, beta" in complaint("reprocess", "--entity", "orders", "--source", "app")
        assert after_run.sql("select count(*) from ops.reprocess_requests") == [(0,)]

    def test_output_into_a_missing_folder_is_refused_before_anything_is_done(
        self, unbuilt: Workbench, complaint: Complaint
    ) -> None:
        assert "nowhere/receipt.json" in complaint("run", "--output", "nowhere/receipt.json")
        assert not unbuilt.database.exists()

    def test_output_onto_a_folder_is_refused_before_anything_is_done(
        self, unbuilt: Workbench, complaint: Complaint
    ) -> None:
        assert "landing" in complaint("run", "--output", "landing")
        assert not unbuilt.database.exists()

    def test_a_missing_landing_folder_is_named(
        self, bench: Workbench, complaint: Complaint
    ) -> None:
        assert str(bench.root / "nowhere") in complaint("land", "--landing", "nowhere", code=1)
        assert bench.sql("select count(*) from ops.runs where status = 'running'") == [(0,)]

    def test_an_unknown_entity_names_the_known_ones(
        self, bench: Workbench, complaint: Complaint
    ) -> None:
        bench.land()
        bench.sql(
            "insert into ops.runs (run_id, command, status, started_at, run_clock, skip) "
            "values ('20250115T120000000-aaaaaaaa', 'build', 'succeeded', now(), now(), '[]')"
        )

        assert "events, orders, clicks, measurements" in complaint("report", "--entity", "parcels")

    @pytest.mark.parametrize("run_id", ["20250101T000000000-00000000", "x' or 'a' = 'a", "%"])
    def test_an_unknown_run_says_how_to_list_them(
        self, bench: Workbench, complaint: Complaint, run_id: str
    ) -> None:
        bench.land()

        assert "hub report --history" in complaint("report", "--run", run_id, code=1)

    def test_a_report_before_the_first_run_says_how_to_start(
        self, unbuilt: Workbench, complaint: Complaint
    ) -> None:
        assert "hub run" in complaint("report", code=1)
        assert not unbuilt.database.exists()


class TestTheDatabase:
    def test_in_memory_is_refused_with_the_reason(
        self, bench: Workbench, complaint: Complaint
    ) -> None:
        assert "memory" in complaint("run", "--database", ":memory:")

    @pytest.mark.parametrize("schema", ["raw", "staging", "intermediate", "marts", "ops"])
    def test_named_like_a_schema_is_refused(
        self, bench: Workbench, complaint: Complaint, schema: str
    ) -> None:
        said = complaint("land", "--database", f"{schema}.duckdb")

        assert f"{schema}.duckdb" in said
        assert not (bench.root / f"{schema}.duckdb").exists()

    def test_in_a_missing_folder_is_named(self, bench: Workbench, complaint: Complaint) -> None:
        assert str(bench.root / "nowhere") in complaint(
            "land", "--database", "nowhere/hub.duckdb", code=1
        )

    @pytest.mark.parametrize("command", [["run"], ["run", "--dry-run"], ["land"], ["report"]])
    def test_that_is_no_duckdb_file_is_left_as_it_is(
        self, bench: Workbench, complaint: Complaint, command: list[str]
    ) -> None:
        bench.database.write_text("id,value\n1,2\n" * 1000)

        assert str(bench.database) in complaint(*command, code=1)
        assert bench.database.read_text() == "id,value\n1,2\n" * 1000

    @pytest.mark.slow
    @pytest.mark.parametrize("command", [["run"], ["run", "--dry-run"], ["land"], ["report"]])
    def test_that_another_process_has_open_names_the_process(
        self, bench: Workbench, complaint: Complaint, command: list[str]
    ) -> None:
        duckdb.connect(str(bench.database)).close()
        with held(bench.database) as pid:
            said = complaint(*command, code=1)

        assert str(pid) in said
        assert str(bench.database) in said
