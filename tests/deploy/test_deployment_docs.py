"""What docs/deployment.md and CONTRIBUTING.md tell people to type names what there is."""

import re

import pytest
import yaml

from tests.support.workbench import PROJECT

pytestmark = pytest.mark.check

_TEXTS = {name: (PROJECT / name).read_text() for name in ("docs/deployment.md", "CONTRIBUTING.md")}
_TEXT = "\n".join(_TEXTS.values())


def named(pattern: str) -> set[str]:
    """What a pattern finds in the documents, at least once."""
    found = set(re.findall(pattern, _TEXT))
    assert found, pattern
    return found


def test_targets_of_make_exist():
    targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    commands = named(r"make (?:-C \S+ )?([a-z-]+)(?=[`\s])")
    assert {"deploy", "serve-setup", "release"} <= commands
    assert commands <= {*targets}


def test_services_and_profiles_of_compose_exist():
    services = yaml.safe_load((PROJECT / "compose.yaml").read_text())["services"]
    assert named(r"docker compose run --rm(?: --\w+ \S+)* ([a-z]+) hub") <= {*services}
    profiles = {profile for each in services.values() for profile in each.get("profiles", [])}
    assert named(r"(?:--profile |COMPOSE_PROFILES=)(\w+)") == profiles


def test_variables_are_those_of_the_example():
    example = (PROJECT / ".env.example").read_text()
    names = named(r"`((?:HUB|API|FORWARDED|COMPOSE)_[A-Z_]+)[`=]")
    assert [name for name in names if f"# {name}=" not in example] == []


def test_units_exist():
    folder = PROJECT / "deploy" / "systemd"
    names = named(r"\b(hub-\w+\.(?:service|timer))\b")
    assert [name for name in names if not (folder / name).exists()] == []


def test_the_variables_of_terraform_are_given_where_they_must_be():
    text = (PROJECT / "deploy/terraform/openstack/main.tf").read_text()
    declared = dict(re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL))
    given = named(r"-var (\w+)=")
    assert given <= {*declared}
    assert {name for name, body in declared.items() if "default" not in body} <= given


def test_files_and_folders_that_are_named_exist():
    names = named(r"`((?:deploy|tests|loader|\.github)/[\w./-]+)`")
    assert [name for name in names if not (PROJECT / name).exists()] == []


def test_commands_of_the_hub_exist():
    known = {path.stem.replace("_", "-") for path in (PROJECT / "hub" / "cli").glob("*.py")}
    assert named(r"(?:serve|schedule|\.venv/bin/)\s?hub ([a-z]+)") <= known
