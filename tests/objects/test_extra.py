"""The extra: only projects with a bucket need it."""

import subprocess
import sys
import tomllib

import pytest

from tests.support.workbench import PROJECT, Workbench

# Lands, and says whether what buckets and exports need was imported for it.
_LOOK = """
import sys
from hub.main import main
try:
    main()
except SystemExit:
    pass
seen = ("obstore", "loader.objects", "loader.landing.objects", "loader.landing.archive")
print([name for name in seen if name in sys.modules], file=sys.stderr)
"""


def test_a_project_without_a_bucket_imports_nothing_of_it(own_project: Workbench) -> None:
    own_project.drop("app/a.ndjson", '{"key":"k1"}\n')
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, "land"],
        cwd=own_project.root,
        env={"PYTHONPATH": str(PROJECT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr.splitlines()[-1] == "[]", done.stderr


@pytest.mark.check
def test_the_lists_of_what_it_needs_agree() -> None:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    text = (PROJECT / "loader/objects/requirements.in").read_text()
    run_time = text.partition("# --- at run time")[2].partition("# --- for development")[0]
    listed = [line.split()[0] for line in run_time.splitlines()[1:] if line and line[0] != "#"]
    assert settings["project"]["optional-dependencies"]["objects"] == listed


@pytest.mark.check
def test_the_lock_has_versions_and_hashes_and_no_addresses() -> None:
    lock = (PROJECT / "loader/objects/requirements.lock").read_text()
    packages = [line for line in lock.splitlines() if line and line[0] not in " #"]
    assert packages
    assert not [line for line in packages if "==" not in line or not line.endswith("\\")]
    assert lock.count("--hash=sha256:") >= len(packages)
    assert "://" not in lock
    base = (PROJECT / "requirements.lock").read_text()
    pinned = dict(pins(base.splitlines()))
    assert not [name for name, pin in pins(packages) if pinned.get(name, pin) != pin]


def pins(lines: list[str]) -> list[tuple[str, str]]:
    """Package and version of the lines of a lock that have them."""
    found = (line.partition("==") for line in lines if "==" in line)
    return [(name, version.split()[0]) for name, _, version in found]
