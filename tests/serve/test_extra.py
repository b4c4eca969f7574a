"""The extra: only `hub serve` and `hub token` need it, and it can be had in both ways."""

import subprocess
import sys
import tomllib

import pytest

from hub.extras import require_extra
from loader.errors import HubError
from tests.support.workbench import PROJECT

EXTRA = ("fastapi", "starlette", "uvicorn", "jwt", "prometheus_client", "psutil", "pydantic")
# Runs a command and says which packages of the extra were imported for it. dbt imports some.
_LOOK = """
import sys
from hub.main import main
try:
    main()
except SystemExit:
    pass
print([name for name in sys.argv[0].split(",") if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["serve", "--help"],
        ["report", "--json"],
        ["why", "evt-003"],
        ["doctor"],
        ["land"],
        ["publish"],
        ["discard", "--id", "1", "--by", "mia", "--why", "x"],
    ],
)
def test_no_other_command_imports_it(own_served, words):
    program = _LOOK.replace("sys.argv[0]", repr(",".join(EXTRA)))
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=own_served.root,
        env={"PYTHONPATH": str(PROJECT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr.splitlines()[-1] == "[]", done.stderr


def test_a_build_imports_nothing_of_the_server(own_served):
    program = _LOOK.replace("sys.argv[0]", repr("fastapi,uvicorn,jwt,prometheus_client,hub.serve"))
    done = subprocess.run(
        [sys.executable, "-c", program, "run"],
        cwd=own_served.root,
        env={"PYTHONPATH": str(PROJECT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr.splitlines()[-1] == "[]", done.stderr


def test_without_it_the_command_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("hub.extras.find_spec", lambda name: None if name == "jwt" else name)
    with pytest.raises(HubError, match=r"jwt cannot be imported.*make serve-setup"):
        require_extra("serve")


@pytest.mark.check
def test_the_lists_of_what_it_needs_agree():
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    extra = settings["project"]["optional-dependencies"]["serve"]
    text = (PROJECT / "hub/serve/requirements.in").read_text()
    run_time = text.partition("# --- at run time")[2].partition("# --- for development")[0]
    listed = [line.split()[0] for line in run_time.splitlines()[1:] if line and line[0] != "#"]
    assert extra == listed


@pytest.mark.check
def test_the_lock_has_versions_and_hashes_and_no_addresses():
    lock = (PROJECT / "hub/serve/requirements.lock").read_text()
    packages = [line for line in lock.splitlines() if line and line[0] not in " #"]
    assert packages
    assert not [line for line in packages if "==" not in line or not line.endswith("\\")]
    assert lock.count("--hash=sha256:") >= len(packages)
    assert "://" not in lock
    base = (PROJECT / "requirements.lock").read_text()
    pinned = dict(_pins(base.splitlines()))
    others = [name for name, pin in _pins(packages) if pinned.get(name, pin) != pin]
    assert not others, "the two locks have different versions: run `make lock`"


def _pins(lines: list[str]) -> list[tuple[str, str]]:
    """Package and version of the lines of a lock that have them."""
    found = (line.partition("==") for line in lines if "==" in line)
    return [(name, version.split()[0]) for name, _, version in found]
