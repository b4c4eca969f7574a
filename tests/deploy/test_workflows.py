"""What the workflows promise; actionlint and zizmor look at the rest in `make check`."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.workbench import PROJECT

pytestmark = pytest.mark.check

_FILES = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))


def jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return found


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_with_their_version(path):
    used = re.findall(r"uses: (\S+)(.*)", path.read_text())
    breaches = [
        name
        for name, comment in used
        if not name.startswith("./")
        and not (re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name) and re.match(r" # v\d", comment))
    ]
    assert not breaches


def test_one_action_has_one_version():
    used = {name for path in _FILES for name in re.findall(r"uses: (\S+@\S+)", path.read_text())}
    assert len({name.split("@")[0] for name in used}) == len(used)


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_a_job_may_only_what_it_says(path):
    assert yaml.safe_load(path.read_text())["permissions"] == {}
    writers = {
        (name, right)
        for name, job in jobs(path).items()
        for right, kind in job["permissions"].items()
        if kind == "write"
    }
    assert writers <= {("push", "packages"), ("publish", "contents")}


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_nothing_of_a_proposal_is_put_into_a_script(path):
    """A branch or a title may hold a command: scripts take such values from the environment."""
    scripts = [
        step["run"] for job in jobs(path).values() for step in job.get("steps", []) if "run" in step
    ]
    assert [script for script in scripts if "${{" in script] == []


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_jobs_run_commands_that_the_makefile_has(path):
    targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    called = re.findall(r"\bmake ([a-z -]+)", path.read_text())
    assert {word for line in called for word in line.split()} <= {*targets}


def test_main_goes_to_staging_and_on_approval_to_production():
    ci = jobs(PROJECT / ".github" / "workflows" / "ci.yml")
    assert set(ci["push"]["needs"]) == {"check", "test", "audit", "container"}
    assert ci["push"]["if"] == "github.event_name == 'push'"
    assert ci["staging"]["needs"] == "push"
    assert ci["production"]["needs"] == ["push", "staging"]
    deploy = jobs(PROJECT / ".github" / "workflows" / "deploy.yml")["deploy"]
    assert deploy["environment"] == "${{ inputs.environment }}"


def test_the_coverage_has_a_threshold_and_the_night_measures_it():
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["coverage"]
    assert settings["run"]["branch"] is True
    assert settings["report"]["fail_under"] >= 85
    nightly = jobs(PROJECT / ".github" / "workflows" / "nightly.yml")
    assert [step for step in nightly["coverage"]["steps"] if step.get("run") == "make coverage"]
