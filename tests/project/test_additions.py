"""Whatever a user adds to the project or puts into it, the tests find what they found before."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.additions import add_entity, add_source
from tests.support.shipped import PROJECT, SHIPPED, register
from tests.support.workbench import Workbench, copy_project, enter

_OWN = (".git", ".venv", ".*_cache", "__pycache__", "target", "logs", "receipts", "warehouse.*")
CLICK = {"event_timestamp": "2025-01-15T09:00:00", "event_type": "search", "user_id": "u"}


@pytest.mark.check
def test_the_samples_are_those_of_the_shipped_sources() -> None:
    """Whoever ships another source adds it to tests/support/shipped.py, and a sample."""
    shipped = {name: entity for entity, names in SHIPPED.items() for name in names}
    assert {path.name for path in (PROJECT / "samples").iterdir()} == set(shipped)
    staging = PROJECT / "models" / "staging"
    lacking = [
        name
        for name, entity in shipped.items()
        if not (staging / name / f"stg_{name}__{entity}.sql").is_file()
    ]
    assert not lacking


@pytest.fixture(scope="module")
def in_use(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The whole repository with sources and an entity of somebody's own, one source taken out,
    files in landing/, a warehouse, and receipts."""
    root = tmp_path_factory.mktemp("in-use") / "hub"
    shutil.copytree(PROJECT, root, ignore=shutil.ignore_patterns(*_OWN), symlinks=True)
    (root / ".venv").symlink_to(PROJECT / ".venv")
    with pytest.MonkeyPatch.context() as patch:
        bench = enter(root, patch)
        add_source(
            root,
            "gamma",
            like="beta",
            entity="orders",
            fields={"identifier": "ref", "payload": "content"},
        )
        add_entity(root, "visits", like="clicks", source="kiosk", source_like="web")
        registered = yaml.safe_load((root / "dbt_project.yml").read_text())["vars"]["sources"]
        register(root, {**registered, "measurements": ["plant"]})
        bench.drop("gamma/1.ndjson", [{"ref": "order_001", "content": "shipped"}])
        bench.drop("kiosk/1.ndjson", [{"event_id": "v1", **CLICK}])
        bench.drop("app/mine.ndjson", [{"key": "mine"}])
        bench.drop("nobody/1.csv", "a,b\n1,2\n")
        receipt = bench.run()
        assert (receipt["status"], receipt["errors"]) == ("succeeded", [])
        assert bench.outcomes() == ["rejected", "applied", "applied"]
        yield root


@pytest.mark.slow
def test_a_copy_of_the_shipped_project_has_nothing_else(
    in_use: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = tmp_path / "copied"
    copied.mkdir()
    script = "import sys; from pathlib import Path; from tests.support.workbench import *; "
    script += "copy_project(Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", script, str(copied)], cwd=in_use, check=True)
    expected = tmp_path / "expected"
    expected.mkdir()
    copy_project(expected)

    assert _contents_of(copied) == _contents_of(expected)


def _contents_of(root: Path) -> dict[str, object]:
    """What the files say; those that entities share may say it with other line ends."""
    return {
        str(path.relative_to(root)): (
            yaml.safe_load(path.read_text()) if path.suffix == ".yml" else path.read_text()
        )
        for path in sorted(root.rglob("*"))
        if path.suffix in (".yml", ".sql", ".md", ".csv", ".json", ".ndjson")
    }


@pytest.mark.nightly
@pytest.mark.parametrize(
    "tests",
    [
        pytest.param(("-m", "check"), id="the house rules"),
        pytest.param(
            (
                *("-m", "not check and not slow", "tests/project/test_house_rules.py"),
                *("tests/unit/scaffold", "tests/e2e/extending", "tests/e2e/running/test_doctor.py"),
                *("tests/e2e/running/test_receipts.py", "tests/e2e/running/test_plain_dbt.py"),
                "tests/e2e/deciding/test_stage_flags.py",
            ),
            id="some end to end",
        ),
    ],
)
def test_the_tests_pass_as_before(in_use: Path, tests: tuple[str, ...]) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HUB_", "DBT_", "PYTEST_", "COV_"))
    }
    # what is derived from the contracts has another entity now
    subprocess.run(
        ["make", "--old-file=.venv/.ready", "contracts"],
        cwd=in_use,
        env=environment,
        capture_output=True,
        check=True,
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *tests],
        cwd=in_use,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    # and the last that is printed is pytest's own line
    assert re.search(r"\n\d+ passed.* in [\d.]+s.*\n$", done.stdout), done.stdout[-500:]
    assert done.stderr == ""


def test_the_folder_of_the_user_is_left_alone(samples: Workbench) -> None:
    """A workbench lands what is in its own folders, whatever lies in those of the project."""
    assert samples.project.landing == samples.root / "landing"
    assert samples.project.database.parent == samples.root != PROJECT
