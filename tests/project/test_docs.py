"""README and docs are executed: every command, every query, every file that they tell to write."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dbt
import duckdb
import pytest

from hub.docs_page import REPLACEMENTS, graphs
from tests.kafka.mock_cluster import MockCluster
from tests.support.workbench import PROJECT, copy_project

_BLOCK = re.compile(r"^( *)```(\w+)(?: (\S+))?\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
# what changes from run to run
_VARIES = ((r"run \S+-[0-9a-f]{8} ", "run <run_id> "), (r"in \d+\.\d s", "in <seconds> s"))
DOCUMENTS = sorted(path.name for path in (PROJECT / "docs").glob("*.md"))


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that it is to be written into, its text."""

    language: str
    file: str | None
    text: str


def blocks(document: str) -> list[Block]:
    """The fenced blocks of a document; `sh` and `sql` are to be executed, `console` is not."""
    found = _BLOCK.findall((PROJECT / document).read_text())
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

    def run(self, command: str) -> str:
        # the environment is the one that the tests run in, and the suite inside one of its tests
        # would never end
        command = re.sub(
            r"^make (?=run|docs|contracts|demo-api)", "make --old-file=.venv/.ready ", command
        )
        command = re.sub(r"^make (?=test)", "make --dry-run ", command)
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HUB_", "DBT_", "MAKE", "MFLAGS"))
        }
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.root,
            env=environment | {"KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

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

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.root / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    root = tmp_path_factory.mktemp("reader") / "hub"
    root.mkdir()
    copy_project(root)
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy2(PROJECT / name, root / name)
    shutil.copytree(PROJECT / "tests" / "demo", root / "tests" / "demo")
    (root / ".venv").symlink_to(PROJECT / ".venv")
    with MockCluster() as cluster:
        cluster.create_topic("clicks")
        yield Reader(root, cluster.bootstrap_servers)


def follow(reader: Reader, document: str) -> tuple[list[str], list[list[tuple[object, ...]]]]:
    """What the commands of a document print, and what its queries find."""
    printed, found = [], []
    for block in blocks(document):
        if block.file:
            reader.write(block.file, block.text)
        elif block.language == "sh":
            printed += [reader.run(line) for line in block.text.splitlines()]
        elif block.language == "sql":
            found.append(reader.query(block.text))
    return printed, found


@pytest.mark.long
def test_the_readme_can_be_followed_from_top_to_bottom(reader):
    printed, found = follow(reader, "README.md")
    assert all(found)
    receipts = [block.text for block in blocks("README.md") if block.language == "text"]
    assert [comparable(receipt) for receipt in receipts] == [
        comparable(printed[0][printed[0].index("run 2") :])
    ]


def test_the_docs_are_a_page_with_graphs_that_can_be_read(reader):
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


@pytest.mark.slow
@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name != "extending.md"])
def test_the_commands_and_queries_of_the_docs_work(reader, document):
    reader.run("make run")
    follow(reader, f"docs/{document}")


@pytest.mark.slow
def test_a_source_and_an_entity_are_added_as_the_docs_say(reader):
    reader.run("make run")
    follow(reader, "docs/extending.md")
    assert reader.query(
        "select outcome, count(*) from ops.record_outcomes where source = 'gamma' group by all"
    ) == [("applied", 2)]
    assert reader.query(
        "select status, sources from marts.orders_reconciliation where order_id = 'order_001'"
    ) == [("matched", ["alpha", "beta", "gamma"])]
    assert reader.query("select refund_id, amount from marts.refunds") == [("r-1", 12.5)]


@pytest.mark.check
@pytest.mark.parametrize(
    "document",
    ["README.md", "CHANGELOG.md", "DECISIONS.md", *(f"docs/{name}" for name in DOCUMENTS)],
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
