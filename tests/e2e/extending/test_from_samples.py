"""`hub new`: what it writes from samples builds as it is, and where it writes nothing."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from hub.commands import additions
from tests.support.command_line import Command
from tests.support.messy_samples import SAMPLES
from tests.support.workbench import Workbench, copy_project, enter

REFUNDS = (
    "Refund No;Amount;Status;At\nr-1;12,50;open;15.01.2025 09:00\nr-2;7;paid;15.01.2025 10:00\n"
)
GAMMA = [{"ref": "order_001", "content": "shipped"}, {"ref": "order_005", "content": "pending"}]


def files_of(root: Path) -> dict[str, bytes]:
    """All files of a project but for those that a build makes."""
    folders = ("macros", "models", "seeds", "snapshots", "docs")
    paths = [path for name in folders for path in (root / name).rglob("*") if path.is_file()]
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in [*paths, root / "dbt_project.yml"]
    }


def outcomes_of(bench: Workbench, entity: str) -> dict[str, int]:
    return dict(
        bench.sql(
            "select outcome, count(*) from ops.record_outcomes where entity = ? group by outcome",
            entity,
        )
    )


@pytest.mark.slow
def test_an_entity_and_a_source_from_samples_build_as_they_are(
    own_project: Workbench, command: Command
) -> None:
    refunds = own_project.drop("shop/refunds.csv", REFUNDS)
    gamma = own_project.drop("gamma/orders.ndjson", GAMMA)

    entity = command("new", "entity", "refunds", "--from", str(refunds), "--history")
    source = command("new", "source", "gamma", "--entity", "orders", "--from", str(gamma))

    assert (entity.code, entity.err, source.code, source.err) == (0, "", 0, "")
    assert "new      macros/contracts/refunds.sql" in entity.out
    assert re.search(r"column +status +field 'content' of gamma\n +because: it is", source.out)
    receipt = own_project.run()
    assert (receipt["status"], receipt["errors"], receipt["warnings"]) == ("succeeded", [], [])
    assert own_project.sql("select refund_no, amount, status from marts.refunds order by 1") == [
        ("r-1", 12.5, "open"),
        ("r-2", 7.0, "paid"),
    ]
    assert own_project.sql("select count(*) from marts.refunds_history") == [(2,)]
    assert own_project.sql("select sources from marts.orders_reconciliation order by 1") == [
        (["gamma"],),
        (["gamma"],),
    ]


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A project to which an entity was added for each of the messy samples, and which has run."""
    root = tmp_path_factory.mktemp("messy") / "hub"
    root.mkdir()
    copy_project(root)
    files = tmp_path_factory.mktemp("files")
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        for make, (entity, _) in SAMPLES.items():
            path = make(files)
            (sample,) = additions.sample_files(bench.project, [str(path)])
            planned = additions.plan_entity(bench.project, entity, [sample])
            additions.write(bench.project, planned)
            (bench.root / "landing" / sample.source).mkdir()
            shutil.copy(path, bench.root / "landing" / sample.source)
        receipt = bench.run()
        assert (receipt["status"], receipt["errors"]) == ("succeeded", [])
        yield bench


@pytest.mark.nightly
@pytest.mark.parametrize("make", SAMPLES, ids=lambda make: make.__name__)
def test_the_records_of_a_messy_sample_are_applied(
    messy: Workbench, make: Callable[[Path], Path]
) -> None:
    entity, expected = SAMPLES[make]

    assert outcomes_of(messy, entity) == expected


@pytest.mark.nightly
def test_what_is_written_for_messy_samples_passes_every_test_of_dbt(messy: Workbench) -> None:
    built = messy.dbt("build")

    assert built.success, built.exception
    golden = {result.node.name.partition("_speaks_the_shape_of_")[2] for result in built.result}
    assert golden >= {entity for entity, _ in SAMPLES.values()}
    assert messy.sql("select betrag from marts.bookings where bestell_nr = '00000'")[0] == (1234.5,)
    assert messy.sql("select count(*) from ops.schema_drift") == [(0,)]


@pytest.mark.nightly
def test_two_files_are_two_sources_that_are_reconciled(own_project: Workbench) -> None:
    one = own_project.drop(
        "one/a.ndjson",
        [{"order_no": f"o{n}", "state": "Shipped", "total": n + 0.5} for n in range(4)],
    )
    other = own_project.drop(
        "other/b.csv",
        "reference;Status;Amount\n" + "".join(f"o{n};shipped;{n},50\n" for n in range(2, 6)),
    )
    samples = additions.sample_files(own_project.project, [str(one), str(other)])
    planned = additions.plan_entity(own_project.project, "parcels", samples)
    additions.write(own_project.project, planned)

    receipt = own_project.run()

    assert (receipt["status"], receipt["errors"]) == ("succeeded", [])
    assert own_project.sql(
        "select status, count(*) from marts.parcels_reconciliation group by 1 order by 1"
    ) == [("matched", 2), ("single_source", 4)]


class TestNothingIsWritten:
    @pytest.mark.slow
    def test_in_a_dry_run_which_tells_all(self, own_project: Workbench, command: Command) -> None:
        refunds = own_project.drop("shop/refunds.csv", REFUNDS)
        before = files_of(own_project.root)

        answer = command("new", "entity", "refunds", "--from", str(refunds), "--dry-run", "--json")

        assert files_of(own_project.root) == before
        assert answer.data["written"] is False
        texts = {file["path"]: file["text"] for file in answer.data["files"]}
        assert "'key': 'refund_no'" in texts["macros/contracts/refunds.sql"]
        registered = yaml.safe_load(texts["dbt_project.yml"])["vars"]["sources"]
        assert registered["refunds"] == ["shop"]
        assert {guess["about"] for guess in answer.data["guesses"]} >= {
            "key",
            "event time",
            "column",
        }

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["source", "app", "--entity", "events"], "source 'app': it is a source already"),
            (["source", "Bad", "--entity", "events"], "cannot be a name"),
            (["source", "loads", "--entity", "events"], "the loader keeps a table raw.loads"),
            (["source", "select", "--entity", "events"], "a word of SQL"),
            (["source", "x", "--entity", "nothing"], "there is none of this name"),
            (
                ["source", "x", "--entity", "clicks"],
                "event_type, which clicks need.*No field is left",
            ),
            (["source", "x", "--entity", "orders", "--map", "colour=ref"], "no column 'colour'"),
            (["source", "x", "--entity", "orders", "--map", "status=no"], "no field 'no'"),
            (["source", "x", "--entity", "orders", "--map", "status"], "not COLUMN=FIELD"),
            (["entity", "events"], "it is an entity already.*hub new source"),
            (["entity", "marts"], "a schema of the warehouse"),
            (["entity", "lineage"], "there is a model lineage"),
            (["entity", "x", "--key", "no"], "no field of this name.*'ref', 'content'"),
        ],
    )
    def test_where_a_name_or_an_option_is_wrong(
        self, own_project: Workbench, command: Command, arguments: list[str], message: str
    ) -> None:
        sample = own_project.drop("fresh/orders.ndjson", GAMMA)
        before = files_of(own_project.root)

        answer = command("new", *arguments, "--from", str(sample))

        assert answer.code == 2
        assert files_of(own_project.root) == before
        assert re.search(message, answer.err), answer.err

    @pytest.mark.slow
    def test_where_a_person_on_a_terminal_says_no(
        self, own_project: Workbench, command: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sample = own_project.drop("gamma/orders.ndjson", GAMMA)
        before = files_of(own_project.root)
        asked = []
        for stream in ("stdin", "stdout"):
            monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True)
        monkeypatch.setattr("click.confirm", lambda question, **_: asked.append(question))

        answer = command("new", "source", "gamma", "--entity", "orders", "--from", str(sample))

        assert asked == ["Write these files?"]
        assert answer.code == 1
        assert "files to write:" in answer.out
        assert files_of(own_project.root) == before
        told = ("new", "source", "gamma", "--entity", "orders", "--from", str(sample), "--yes")
        assert command(*told).code == 0
        assert asked == ["Write these files?"]

    def test_over_a_file_that_is_there(self, own_project: Workbench, command: Command) -> None:
        sample = own_project.drop("fresh/orders.ndjson", GAMMA)
        (own_project.root / "models/staging/gamma").mkdir()
        (own_project.root / "models/staging/gamma/gamma.yml").write_text("# mine\n")
        before = files_of(own_project.root)

        answer = command("new", "source", "gamma", "--entity", "orders", "--from", str(sample))

        assert answer.code == 2
        assert "models/staging/gamma is there" in answer.err
        assert files_of(own_project.root) == before


def test_the_source_of_a_file_is_told_by_its_folder_or_its_name(own_project: Workbench) -> None:
    in_landing = own_project.drop("shop/2025/Refunds.csv", REFUNDS)
    elsewhere = own_project.root / "My Export (3).csv.gz"
    with_sign = own_project.root / "a=b.csv"
    with_sign.write_text(REFUNDS)

    files = additions.sample_files(
        own_project.project, [str(in_landing), str(elsewhere), f"bank={elsewhere}", str(with_sign)]
    )

    assert [file.source for file in files] == ["shop", "my_export_3", "bank", "a_b"]
    assert files[2].path == elsewhere
