"""README and docs are executed: every command, every query, every file that they tell to write."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.kafka.mock_cluster import MockCluster
from tests.support.workbench import PROJECT, copy_project

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# what changes from run to run
_VARIES = ((r"run \S+-[0-9a-f]{8} ", "run <run_id> "), (r"in \d+\.\d s", "in <seconds> s"))
GAMMA = [{"ref": "order_001", "content": "shipped"}, {"ref": "order_005", "content": "pending"}]


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that it belongs into, its text."""

    language: str
    file: str | None
    text: str


def blocks(document: str) -> list[Block]:
    return [Block(*found) for found in _BLOCK.findall((PROJECT / document).read_text())]


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
        command = re.sub(r"^make (?=run|demo-api)", "make --old-file=.venv/.ready ", command)
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


@pytest.mark.long
def test_the_readme_can_be_followed_from_top_to_bottom(reader):
    printed = ""
    for block in blocks("README.md"):
        if block.language == "sh":
            if (reader.root / "models/staging/gamma").exists():
                landing = reader.root / "landing/gamma"
                landing.mkdir()
                (landing / "orders.ndjson").write_text(
                    "\n".join(str(record).replace("'", '"') for record in GAMMA)
                )
            outputs = [reader.run(line) for line in block.text.splitlines()]
            printed = printed or outputs[0]
        elif block.language == "text":
            start = printed.index("run 2")
            assert comparable(block.text) == comparable(printed[start:])
        elif block.language == "sql" and not block.file:
            assert reader.query(block.text)
        elif block.file:
            reader.write(block.file, block.text)

    # the source that the reader added is in the target, the letters and the reconciliation
    assert reader.query(
        "select outcome, count(*) from ops.record_outcomes where source = 'gamma' group by all"
    ) == [("applied", 2)]
    assert reader.query(
        "select status, sources from marts.orders_reconciliation where order_id = 'order_001'"
    ) == [("matched", ["alpha", "beta", "gamma"])]
    reader.run(".venv/bin/dbt test --select gamma_speaks_the_shape_of_orders")


@pytest.mark.slow
@pytest.mark.parametrize("document", sorted(path.name for path in (PROJECT / "docs").glob("*.md")))
def test_the_commands_and_queries_of_the_docs_work(reader, document):
    reader.run("make run")
    for block in blocks(f"docs/{document}"):
        if block.language == "sh":
            for line in block.text.splitlines():
                reader.run(line)
        elif block.language == "sql":
            reader.query(block.text)  # where all is well, some find nothing


@pytest.mark.check
@pytest.mark.parametrize(
    "document", ["README.md", *(f"docs/{path.name}" for path in (PROJECT / "docs").glob("*.md"))]
)
def test_links_and_named_files_exist(document):
    text = (PROJECT / document).read_text()
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert ((PROJECT / document).parent / target).exists(), target
    for named in re.findall(r"`(tests/[\w/]+\.py)`", text):
        assert (PROJECT / named).exists(), named
