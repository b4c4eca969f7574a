"""README and docs are executed: every command, every query, every file that they tell to write or
to change. What they show of the output of a command is what it prints."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import dbt
import duckdb
import pytest

from hub.docs_page import REPLACEMENTS, graphs
from tests.kafka.mock_cluster import MockCluster
from tests.objects.s3 import S3Server
from tests.support.workbench import PROJECT, copy_project

pytestmark = pytest.mark.slow

_BLOCK = re.compile(r"^( *)```(\w+)(?: (\S+))?\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
# what changes from run to run; the samples are of January 2025
_VARIES = (
    (r"run \S+-[0-9a-f]{8}", "run <run_id>"),
    (r"in \d+\.\d s", "in <seconds> s"),
    (r"rule set \d+", "rule set <number>"),
    (r"20\d\d-(?!01-15)\d\d-\d\d \d\d:\d\d:\d\d", "<time>"),
)
EXTRAS = ("hub/serve", "hub/telemetry", "hub/mcp", "hub/backup", "loader/objects", "loader/delta")
IN_THE_BUCKET = '{"key": "evt-040", "name": "login", "value": 1, "ts": "2025-01-16T08:00:00"}\n'
DOCUMENTS = sorted(path.name for path in (PROJECT / "docs").glob("*.md"))

# what the queries find when a section of docs/extending.md was followed
AFTERWARDS: dict[str, dict[str, list[tuple[object, ...]]]] = {
    "Add a source": {
        "select source, outcome, count(*) from ops.record_outcomes "
        "where source in ('gamma', 'delta') group by all order by all": [
            ("delta", "applied", 1),
            ("delta", "superseded", 1),
            ("gamma", "applied", 2),
        ],
        "select status, sources from marts.orders_reconciliation where order_id = 'order_001'": [
            ("matched", ["alpha", "beta", "delta", "gamma"])
        ],
    },
    "Read dates and numbers": {
        "select id, value, cast(timestamp as varchar) from marts.measurements "
        "where id like 'm-10%' order by id": [
            ("m-101", 1234.5, "2024-12-31 13:05:00"),
            ("m-104", 7.5, None),
        ],
    },
    "Read files from a bucket": {
        "select name from marts.events where key = 'evt-040'": [("login",)],
    },
    "Archive files that have landed": {
        "select name from marts.events where key = 'evt-050'": [("login",)],
    },
    "Add an entity": {
        "select refund_id, amount from marts.refunds": [("r-1", 12.5)],
        "select review_id, rating, source from marts.reviews order by review_id": [
            ("rv-1", 5.0, "forum"),
            ("rv-2", 2.0, "board"),
        ],
    },
    "Correct records": {
        "select key, value from marts.events where key in ('evt-002', 'evt-005') order by key": [
            ("evt-002", 0.7),
            ("evt-005", 5.0),
        ],
        "select status from ops.dead_letters where entity = 'events' order by record_id": [
            ("discarded",),
            ("resolved",),
        ],
        "select status from marts.orders where order_id = 'order_010'": [("delivered",)],
    },
    "Delete records": {
        "select key from marts.events order by key": [("evt-002",), ("evt-003",), ("evt-006",)],
    },
    "Deliver whole states": {
        "select key, value from marts.events order by key": [("evt-001", 1.0), ("evt-006", 2.0)],
    },
    "Change a rule": {
        "select event_type from marts.clicks where event_id = 'clk-006'": [("hover",)],
        "select status from marts.orders where order_id = 'order_002'": [("pending",)],
        "select cast(timestamp as varchar) from marts.measurements where source = 'plant'": [
            ("2025-01-15 07:05:00",)
        ],
    },
    "Add or rename a column": {
        "select event_id, referrer from marts.clicks where referrer is not null": [
            ("clk-008", "newsletter")
        ],
    },
    "Hide sensitive values": {
        "select length(user_id), page_url, count(*) from marts.clicks group by all order by all": [
            (64, "***", 3),
            (64, None, 2),
        ],
        "select count(*) from ops.sensitive_columns where columns = 'page_url=mask,user_id=hash'": [
            (1,)
        ],
    },
    "Late records and backfills": {
        "select value from marts.events where key = 'evt-004'": [(4.0,)],
    },
    "Remove a source": {
        "select count(*) from marts.measurements where source = 'plant'": [(0,)],
        "select count(*) from raw.plant": [(4,)],
    },
    "Rename a source": {
        "select distinct source from ops.decisions where entity = 'measurements' order by source": [
            ("partner",),
            ("works",),
        ],
        "select status from ops.dead_letters where source = 'works'": [("open",)],
    },
    "Build everything anew": {"select count(*) from marts.events": [(4,)]},
}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that it is to be written into, its text.

    A `diff` with a file changes lines of it. `sh` and `sql` are to be executed, `console` is not.
    `text` shows lines of what the commands before it print: `...` at the end of a line stands for
    the rest of it. Where it begins with an error, the last of them fails.
    """

    language: str
    file: str | None
    text: str

    @property
    def lines(self) -> list[str]:
        return [comparable(line) for line in self.text.splitlines() if line.strip(" .")]

    @property
    def tells_of_a_failure(self) -> bool:
        return self.language == "text" and self.text.startswith(("error:", "hub:"))


def sections(document: str) -> dict[str, str]:
    """The text of a document by its headings of the second level."""
    parts = re.split(r"^## (.+)\n", (PROJECT / document).read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a text."""
    found = _BLOCK.findall(text)
    return [
        Block(language, file, re.sub(f"^{margin}", "", text, flags=re.MULTILINE))
        for margin, language, file, text in found
    ]


def comparable(text: str) -> str:
    for pattern, constant in _VARIES:
        text = re.sub(pattern, constant, text)
    return text.strip()


@dataclass
class Reader:
    """Somebody who follows a document to the letter, in a fresh copy of the project."""

    root: Path
    bootstrap_servers: str
    bucket: S3Server

    def run(self, command: str, *, fails: bool = False) -> str:
        # the environment is the one that the tests run in, and the suite inside one of its tests
        # would never end
        command = re.sub(
            r"^make (?=run|docs|contracts|demo-api)", "make --old-file=.venv/.ready ", command
        )
        command = re.sub(r"^make (?=mcp-setup)", "make --old-file=.venv/.mcp-ready ", command)
        command = re.sub(r"^make (?=test)", "make --dry-run ", command)
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HUB_", "DBT_", "MAKE", "MFLAGS"))
        }
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.root,
            env=environment
            | {"KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers}
            | self.bucket.environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert (done.returncode != 0) is fails, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr if fails else done.stdout

    def write(self, file: str, text: str) -> None:
        path = self.root / file
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            return
        # a line of an existing file: it takes the place of the one with the same key
        key = text.split(":")[0]
        changed, count = re.subn(rf"^{key}:.*\n", text, path.read_text(), flags=re.MULTILINE)
        assert count == 1, f"{file} has no line {key!r}"
        path.write_text(changed)

    def change(self, file: str, diff: str) -> None:
        """Change the lines of a file that a diff shows: all of it that is not new must be there."""
        lines = diff.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] != "+")
        new = "".join(line[1:] for line in lines if line[0] != "-")
        text = (self.root / file).read_text()
        assert text.count(old) == 1, f"{file} does not have once:\n{old}"
        (self.root / file).write_text(text.replace(old, new))

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.root / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def save(self, image: Path) -> None:
        """Keep all files as they are now."""
        shutil.copytree(self.root, image, symlinks=True)

    def restore(self, image: Path) -> None:
        """Put back the files that were kept, in place of those that there are now."""
        shutil.rmtree(self.root)
        shutil.copytree(image, self.root, symlinks=True)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    root = tmp_path_factory.mktemp("reader") / "hub"
    root.mkdir()
    copy_project(root)
    locks = [f"{extra}/requirements.lock" for extra in EXTRAS]
    for name in ("Makefile", "pyproject.toml", "requirements.lock", *locks):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(PROJECT / name, root / name)
    for name in ("tests/demo", "hub/schemas"):
        shutil.copytree(PROJECT / name, root / name)
    (root / ".venv").symlink_to(PROJECT / ".venv")
    bucket = S3Server()
    bucket.reset()
    bucket.put("app/2025/day2.ndjson", IN_THE_BUCKET)
    with MockCluster() as cluster:
        cluster.create_topic("clicks")
        yield Reader(root, cluster.bootstrap_servers, bucket)
    bucket.close()


@pytest.fixture(scope="module")
def samples(reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run over the samples leaves behind."""
    image = tmp_path_factory.mktemp("images") / "samples"
    reader.run("make run")
    reader.save(image)
    return image


def follow(reader: Reader, text: str) -> tuple[list[str], list[list[tuple[object, ...]]]]:
    """What the commands of a text print, and what its queries find."""
    printed, found = [], []
    steps = blocks(text)
    for block, after in zip_longest(steps, steps[1:]):
        if block.language == "diff" and block.file:
            reader.change(block.file, block.text)
        elif block.file:
            reader.write(block.file, block.text)
        elif block.language == "sh":
            *others, last = block.text.splitlines()
            printed += [reader.run(line) for line in others]
            printed.append(reader.run(last, fails=bool(after and after.tells_of_a_failure)))
            if after and after.language == "text":
                assert missing(after.lines, "".join(printed[-len(others) - 1 :])) == []
        elif block.language == "sql":
            found.append(reader.query(block.text))
    return printed, found


def missing(shown: list[str], printed: str) -> list[str]:
    """The lines that a document shows and that are not printed in this order, under what is."""
    lines = iter(comparable(printed).splitlines())
    for line in shown:
        is_part = line.endswith("...")
        if not any(
            each.strip().startswith(line[:-3].strip()) if is_part else each.strip() == line
            for each in lines
        ):
            return [line, "is not in", *comparable(printed).splitlines()]
    return []


@pytest.mark.long
def test_the_readme_can_be_followed_from_top_to_bottom(reader, tmp_path):
    reader.save(tmp_path / "fresh")
    readme = (PROJECT / "README.md").read_text()
    printed, found = follow(reader, readme)
    assert all(found)
    receipts = [block.text for block in blocks(readme) if block.language == "text"]
    assert comparable(receipts[0]) == comparable(printed[0][printed[0].index("run 2") :])
    # the README adds an entity of its own
    reader.restore(tmp_path / "fresh")


def test_the_docs_are_a_page_with_graphs_that_can_be_read(reader, samples):
    reader.restore(samples)
    printed = reader.run("make docs")
    manifest = json.loads((reader.root / "target/manifest.json").read_text())
    page = (reader.root / "target/static_index.html").read_text()
    assert manifest["unit_tests"]
    assert not [name for name in manifest["unit_tests"] if f'"{name}"' in page]
    assert [graph.address for graph in graphs(manifest) if graph.address not in printed] == []

    # the links of the overview lead to tables that there are, and to these graphs
    overview = (PROJECT / "models/overview.md").read_text()
    links = re.findall(r"\]\((#!/[^)]+)\)", overview)
    tables = {f"#!/{name.split('.')[0]}/{name}" for name in manifest["nodes"] | manifest["sources"]}
    assert set(links) <= tables | {graph.address for graph in graphs(manifest)}


@pytest.mark.check
def test_the_page_of_dbt_has_what_the_docs_replace():
    page = Path(dbt.__path__[0], "task/docs/index.html").read_text()
    missing = [old for old, _ in REPLACEMENTS if old not in page]
    assert not missing, "an upgrade of dbt has changed its page: see hub/docs_page.py"


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name != "extending.md"])
def test_the_commands_and_queries_of_the_docs_work(reader, samples, document):
    reader.restore(samples)
    follow(reader, (PROJECT / "docs" / document).read_text())


@pytest.mark.nightly
@pytest.mark.parametrize(
    "section", [name for name, text in sections("docs/extending.md").items() if blocks(text)]
)
def test_each_change_is_made_as_the_docs_say(reader, samples, section):
    reader.restore(samples)
    follow(reader, sections("docs/extending.md")[section])
    for query, expected in AFTERWARDS.get(section, {}).items():
        assert reader.query(query) == expected, query


@pytest.mark.check
@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "DECISIONS.md",
        "SECURITY.md",
        *(f"docs/{name}" for name in DOCUMENTS),
    ],
)
def test_links_and_named_files_exist(document):
    path = PROJECT / document
    text = path.read_text()
    for target, heading in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", text):
        linked = path.parent / target if target else path
        assert linked.exists(), target
        if heading:
            assert heading in headings(linked), f"{target}#{heading}"
    for named in re.findall(r"`(tests/[\w/]+\.py)`", text):
        assert (PROJECT / named).exists(), named


def headings(document: Path) -> set[str]:
    """The names by which links lead to the headings of a document."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
