"""The extras: what each needs stands in two lists that agree, and in a lock. Where it is missing,
the command says how to get it."""

import tomllib

import pytest

from hub.extras import require_extra
from loader.errors import HubError
from tests.support.workbench import PROJECT

# extra -> the folder of its lists
EXTRAS = {
    "serve": "hub/serve",
    "objects": "loader/objects",
    "delta": "loader/delta",
    "telemetry": "hub/telemetry",
    "backup": "hub/backup",
    "spark": "deploy/spark",
    "mcp": "hub/mcp",
}


@pytest.mark.parametrize(
    ("extra", "module"),
    [("serve", "jwt"), ("mcp", "mcp"), ("backup", "pyrage"), ("delta", "deltalake")],
)
def test_without_it_the_command_says_how_to_get_it(monkeypatch, extra, module):
    monkeypatch.setattr("hub.extras.find_spec", lambda name: None if name == module else name)
    with pytest.raises(HubError, match=rf"{module} cannot be imported.*make {extra}-setup"):
        require_extra(extra)


@pytest.mark.check
def test_each_extra_is_one_of_these():
    assert [*_settings()["project"]["optional-dependencies"]] == [*EXTRAS]


@pytest.mark.check
@pytest.mark.parametrize("extra", EXTRAS)
def test_the_lists_of_what_it_needs_agree(extra):
    text = (PROJECT / EXTRAS[extra] / "requirements.in").read_text()
    run_time = text.partition("# --- for development")[0]
    listed = [line.split()[0] for line in run_time.splitlines() if line and line[0] != "#"]
    assert _settings()["project"]["optional-dependencies"][extra] == listed


@pytest.mark.check
@pytest.mark.parametrize("extra", EXTRAS)
def test_the_lock_has_versions_and_hashes_and_no_addresses(extra):
    lock = (PROJECT / EXTRAS[extra] / "requirements.lock").read_text()
    packages = [line for line in lock.splitlines() if line and line[0] not in " #"]
    assert packages
    assert not [line for line in packages if "==" not in line or not line.endswith("\\")]
    assert lock.count("--hash=sha256:") >= len(packages)
    assert "://" not in lock


@pytest.mark.check
def test_no_two_locks_have_different_versions_of_a_package():
    # a package may have two versions in a lock, for two versions of Python
    pinned: dict[str, set[str]] = {}
    differing = []
    for folder in (".", *EXTRAS.values()):
        found: dict[str, set[str]] = {}
        for line in (PROJECT / folder / "requirements.lock").read_text().splitlines():
            name, equals, version = line.partition("==")
            if equals:
                found.setdefault(name.partition("[")[0], set()).add(version.split()[0])
        differing += [
            name for name, versions in found.items() if not versions <= pinned.get(name, versions)
        ]
        pinned = found | pinned
    assert not differing, "run `make lock`"


def _settings():
    return tomllib.loads((PROJECT / "pyproject.toml").read_text())
