"""What senders write stays data: in SQL, in Jinja, in a shell, in the log and on the terminal."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.commands import dead_letters, health, questions
from hub.main import main
from hub.queries.dead_letters import DeadLetterChoice
from hub.text.difference import render_difference
from hub.text.receipt import render_receipt
from tests.support.workbench import Workbench, fresh_samples

CLEAR_SCREEN = "\x1b[2Jcleared"
TOUCH = "$(touch hacked)"
PAYLOADS = (
    "'; drop table raw.app; --",
    '" or 1=1; --',
    "\\'; delete from raw.loads; --",
    "$$; select 1; $$",
    "{{ 1/0 }}",
    "{{ env_var('HOME') }}",
    "{% raw %}",
    "{% endraw %}{{ 1/0 }}",
    "{# never closed",
    TOUCH,
    "`touch hacked`",
    "| touch hacked &",
    "../../../etc/passwd",
    "%s %(key)s %",
    "{0} {key}",
    "_",
    "k%",
    "app/none.json:7",
    "app/none.json:007",
    "\\n\\x1b[2J",
    CLEAR_SCREEN,
    "\x1b]0;title\x07",
    "\x9b31mred\x9c",
    "\u202egnp.exe\u2066",
    "one\rrun succeeded",
    "one\nerror: none",
    "\x08\x08a\x08\x7f",
    "\u2028line\u2029\x85",
    "zero\u200bwidth\ufeff",
    "nul\0nul",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
)
# no command line can hold a NUL
ARGUMENTS = tuple(payload for payload in PAYLOADS if "\0" not in payload)
Said = Callable[..., tuple[str, str]]


def event(key: str, name: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"key": key, "name": name, "value": value, "ts": "2025-01-15T08:00:00", **more}


def file_of(payload: str, kind: str = "ndjson") -> str:
    """A name with the payload in it; two characters cannot stand in one."""
    name = payload.replace("/", "|").replace("\0", "0")
    return f"app/{PAYLOADS.index(payload):02} {name}.{kind}"


def records_of(payload: str) -> list[dict[str, Any]]:
    """A good record, one that is a letter, and the good one again; a field bears the payload."""
    good = event(payload, payload, PAYLOADS.index(payload), **{payload: payload})
    return [good, event(payload, payload, payload), good]


def drop_all(bench: Workbench) -> None:
    for payload in PAYLOADS:
        bench.drop(file_of(payload), records_of(payload))
        # a whole file that is turned away
        bench.drop(file_of(payload, "json"), f"No JSON: {payload}")
    columns = ",".join('"' + payload.replace('"', '""') + '"' for payload in PAYLOADS)
    bench.drop("plant/columns.csv", f"id,value,category,{columns}\nm1,1,c,{columns}\n")
    for folder in TOUCH, CLEAR_SCREEN, "no utf-8 \udcff":
        bench.drop(f"{folder}/unclaimed.json", "[]")


@pytest.fixture(scope="module")
def poisoned(shared_root: Path) -> Iterator[Workbench]:
    """A warehouse with all payloads everywhere, built by `hub run`."""
    with fresh_samples(shared_root) as bench:
        for path in (bench.root / "landing").rglob("*.*"):
            path.unlink()
        drop_all(bench)
        receipt = bench.run()
        assert (receipt["status"], receipt["errors"]) == ("succeeded", [])
        yield bench


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Said]:
    """Run `hub`, which must end with the given exit code; returns what it wrote, which must be
    harmless on a terminal."""

    def call(*arguments: str, code: int = 0) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["hub", *arguments])
        capsys.readouterr()
        ended = 0
        try:
            main()
        except SystemExit as end:
            ended = int(end.code or 0)
        out, err = capsys.readouterr()
        assert ended == code, err
        assert unsafe_in(out) == unsafe_in(err) == set()
        assert "Traceback" not in err
        return out, err

    yield call
    logging.getLogger("loader").handlers.clear()


def unsafe_in(text: str) -> set[str]:
    return {char for char in text if char != "\n" and not char.isprintable()}


class TestTheWarehouse:
    def test_keeps_every_payload_as_it_came(self, poisoned: Workbench) -> None:
        lines = [
            (file_of(payload), row, json.dumps(record))
            for payload in PAYLOADS
            for row, record in enumerate(records_of(payload), start=1)
        ]
        landed = poisoned.sql(
            "select loads.file, raw.row_number, raw.record from raw.app as raw "
            "inner join raw.loads on loads.load_id = raw.load_id order by raw.load_id, row_number"
        )
        assert sorted(landed) == sorted(lines)
        assert poisoned.sql("select key, name, value from marts.events order by value") == [
            (payload, payload, number) for number, payload in enumerate(PAYLOADS)
        ]
        letters = poisoned.sql("select record from ops.dead_letters where source = 'app'")
        assert sorted(letters) == sorted((record,) for _, row, record in lines if row == 2)

    def test_keeps_the_names_of_fields_and_columns(self, poisoned: Workbench) -> None:
        fields = poisoned.sql("select distinct field from raw.fields where source = 'app'")
        assert {field for (field,) in fields} == {"key", "name", "value", "ts", *PAYLOADS}
        ((record,),) = poisoned.sql("select record from raw.plant")
        assert json.loads(record) == {
            "id": "m1",
            "value": "1",
            "category": "c",
            **{payload: payload for payload in PAYLOADS},
        }

    def test_is_whole(self, poisoned: Workbench) -> None:
        per_status = poisoned.sql("select status, count(*) from raw.loads group by 1 order by 1")
        assert per_status == [("landed", len(PAYLOADS) + 1), ("quarantined", len(PAYLOADS))]
        assert {
            finding.check: finding.status
            for finding in health.doctor(poisoned.project)
            if finding.check in ("ledger = raw", "raw = decisions", "loads", "files")
        } == dict.fromkeys(("files", "ledger = raw", "raw = decisions", "loads"), "ok")

    def test_nothing_was_carried_out(self, poisoned: Workbench) -> None:
        assert not list(poisoned.root.rglob("hacked"))


class TestTheCommands:
    @pytest.mark.slow
    @pytest.mark.parametrize("key", ARGUMENTS)
    def test_why_finds_exactly_the_key_and_shows_it_unharmed(
        self, poisoned: Workbench, said: Said, key: str
    ) -> None:
        shown, _ = said("why", key)
        answer = json.loads(said("why", key, "--json")[0])

        assert [record["decisions"][-1]["outcome"] for record in answer["records"]] == [
            "applied",
            "rejected",
            "duplicate",
        ]
        assert {(record["key"], record["file"]) for record in answer["records"]} == {
            (key, file_of(key))
        }
        assert [json.loads(record["record"]) for record in answer["records"]] == records_of(key)
        assert shown.count("\n") == 13, "a line more would be the sender's"

    @pytest.mark.slow
    @pytest.mark.parametrize("payload", PAYLOADS)
    def test_why_finds_exactly_the_row_of_the_file(
        self, poisoned: Workbench, said: Said, payload: str
    ) -> None:
        place = f"{file_of(payload)}:2"

        said("why", place)
        (record,) = json.loads(said("why", place, "--json")[0])["records"]

        assert (record["file"], record["row_number"]) == (file_of(payload), 2)

    @pytest.mark.slow
    @pytest.mark.parametrize("key", ["%", "k_", "K%", "*", "' or '1'='1", '"', "\\", "k%'--", "_%"])
    def test_why_takes_no_part_of_a_key_for_a_pattern(
        self, poisoned: Workbench, said: Said, key: str
    ) -> None:
        assert json.loads(said("why", key, "--json", code=1)[0])["records"] == []

    def test_why_takes_what_cannot_be_as_not_seen_or_wrong_use(
        self, poisoned: Workbench, said: Said
    ) -> None:
        assert "not seen" in said("why", "no utf-8 \udcff", code=1)[0]
        assert "not seen" in said("why", f"app/a.json:{'9' * 400}", code=1)[0]
        assert "no record has such a number" in said("why", "--record", "9" * 40, code=2)[1]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "arguments",
        [
            ("report",),
            ("report", "--entity", "events"),
            ("report", "--entity", "measurements"),
            ("report", "--history", "9"),
            ("doctor",),
            ("land",),
            pytest.param(("contract", "diff", "--entity", "events"), marks=pytest.mark.nightly),
            pytest.param(("run", "--force", "--dry-run"), marks=pytest.mark.nightly),
        ],
        ids=" ".join,
    )
    def test_text_steers_no_terminal_and_json_loses_nothing(
        self, poisoned: Workbench, said: Said, arguments: tuple[str, ...]
    ) -> None:
        said(*arguments, "--log-level", "debug")
        out, err = said(*arguments, "--log-level", "debug", "--log-format", "json", "--json")

        json.loads(out)
        assert all(json.loads(line)["message"] for line in err.splitlines())

    @pytest.mark.slow
    def test_a_redrive_tells_the_file_as_it_is(self, poisoned: Workbench, said: Said) -> None:
        ((letter, file),) = poisoned.sql(
            "select record_id, file from ops.dead_letters where file like '%cleared%'"
        )

        said("redrive", "--id", str(letter), "--dry-run")
        out, _ = said(
            "redrive", "--source", "app", "--reason", "invalid_value", "--dry-run", "--json"
        )

        assert file in {redriven["file"] for redriven in json.loads(out)["dead_letters"]}
        assert file == file_of(CLEAR_SCREEN)

    def test_receipts_are_json_without_a_control_character(self, poisoned: Workbench) -> None:
        for path in (poisoned.root / "receipts").iterdir():
            text = path.read_text(encoding="utf-8")
            warnings = "".join(json.loads(text)["warnings"])
            assert unsafe_in(text) == set()
            assert file_of(CLEAR_SCREEN, "json") in warnings

    @pytest.mark.nightly
    @pytest.mark.parametrize("payload", ARGUMENTS)
    def test_no_argument_is_more_than_text(
        self, poisoned: Workbench, said: Said, payload: str
    ) -> None:
        before = poisoned.sql(
            "select count(*), count(*) filter (status = 'open') from ops.dead_letters"
        )

        for command in (
            ("discard", "--reason", payload, "--by", "mia", "--why", "x"),
            ("report", "--run", payload),
            ("discard", "--source", payload, "--by", "mia", "--why", "x"),
            ("redrive", "--source", payload),
            ("redrive", "--entity", payload),
            ("redrive", "--id", payload),
            ("report", "--entity", payload),
            ("land", payload),
        ):
            said(*command, code=0 if "--reason" in command else 2 if "--run" not in command else 1)

        assert before == poisoned.sql(
            "select count(*), count(*) filter (status = 'open') from ops.dead_letters"
        )

    @pytest.mark.slow
    def test_who_and_why_of_a_discard_are_kept_as_they_are(
        self, poisoned: Workbench, said: Said
    ) -> None:
        letters = poisoned.sql("select record_id from ops.dead_letters where source = 'app'")
        for (letter,), text in zip(letters, ARGUMENTS, strict=False):
            said("discard", "--id", str(letter), "--by", text, "--why", text)
        assert poisoned.sql(
            "select discarded_by, reason from ops.discards order by discarded_at"
        ) == [(text, text) for text in ARGUMENTS]


class TestTheRenderers:
    HOSTILE = "\x1b[2J\u202e\rrun r succeeded\x9b\nrun r succeeded"

    def test_an_error_of_the_build_cannot_pass_for_a_line_of_the_receipt(
        self, poisoned: Workbench
    ) -> None:
        receipt = questions.report(poisoned.project, None)

        text = render_receipt({**receipt, "errors": [self.HOSTILE], "warnings": [self.HOSTILE]})

        assert unsafe_in(text) == set()
        assert text.count("\nrun r succeeded") == 0
        assert "\nerror: \\x1b[2J" in text

    def test_samples_of_a_contract_diff_are_written_out(self) -> None:
        sample = {"place": self.HOSTILE, "explanation": self.HOSTILE}
        side = {"total": 1, "by_rule": {"invalid_value": 1}, "samples": [sample]}
        difference = {
            "entity": "events",
            "contract_version": "1.0.0",
            "stored_versions": ["1.0.0"],
            "newly_rejected": side,
            "newly_accepted": side,
            "needs_major": True,
            "is_breaking": True,
        }

        text = render_difference(difference)

        assert unsafe_in(text) == set()
        assert text.count("\n") == 7

    def test_a_message_of_any_length_stays_short(self, poisoned: Workbench) -> None:
        receipt = questions.report(poisoned.project, None)
        text = render_receipt({**receipt, "warnings": ["x" * 1_000_000]})
        assert len(text) < 5_000


@pytest.mark.slow
class TestTheSettings:
    NAMES = (
        "app'; drop table x; --",
        'a"b',
        "{{ 1/0 }}",
        "$(touch x)",
        "a\x1b[2J",
        "../app",
        "a\n",
    )

    @pytest.mark.parametrize("name", NAMES)
    def test_such_a_name_of_a_source_is_refused_with_the_reason(
        self, own_project: Workbench, said: Said, name: str
    ) -> None:
        own_project.set_vars(sources={"events": [name]})
        own_project.edit("models/staging/app/app.yml", "name: app\n", f"name: {json.dumps(name)}\n")

        for command in ("run", "land", "doctor"):
            _, complaint = said(command, code=2)
            assert "dbt_project.yml: vars: sources" in complaint
            assert "cannot be the name of a source. Use lower case letters" in complaint
        assert not own_project.database.exists()

    @pytest.mark.parametrize("name", NAMES)
    def test_such_a_name_in_the_yaml_alone_is_refused_with_its_place(
        self, own_project: Workbench, said: Said, name: str
    ) -> None:
        own_project.edit(
            "models/staging/app/app.yml",
            "- name: app\n",
            f"- name: {json.dumps(name)}\n      - name: app\n",
        )

        _, complaint = said("land", code=2)

        assert "models/staging/app/app.yml" in complaint
        assert "cannot be the name of a source. Use lower case letters" in complaint
        assert not own_project.database.exists()

    def test_bytes_that_are_no_text_discard_letters_all_the_same(self, bench: Workbench) -> None:
        bench.drop("app/a.json", [{"key": ""}])
        bench.run()

        (letter,) = dead_letters.discard(
            bench.project, DeadLetterChoice(entity="events"), "mi\udcff", "because \udc80"
        )

        assert letter["status"] == "discarded"
        assert bench.sql("select discarded_by, reason from ops.discards") == [
            (r"mi\xff", r"because \x80")
        ]
        assert (
            dead_letters.discard(bench.project, DeadLetterChoice(reason="\udcff"), "mia", "none")
            == []
        )

    @pytest.mark.parametrize("name", NAMES)
    def test_such_a_name_of_an_entity_is_refused_with_the_reason(
        self, own_project: Workbench, said: Said, name: str
    ) -> None:
        own_project.set_vars(sources={name: ["app"]})

        _, complaint = said("land", code=2)

        assert "no contract for the entity" in complaint
        assert not own_project.database.exists()

    def test_a_path_to_a_contract_is_no_entity(self, own_project: Workbench, said: Said) -> None:
        own_project.set_vars(sources={"../contracts/events": ["app"]})

        said("land", code=2)

        assert not own_project.database.exists()
