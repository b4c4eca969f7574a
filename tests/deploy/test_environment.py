""".env.example names every variable that the hub or compose.yaml reads, and no other."""

import ast
import re
import subprocess
from collections.abc import Iterator

import pytest

from hub.serve.settings import ServeSettings
from loader.config.environment import Environment
from tests.support.shipped import SHIPPED
from tests.support.workbench import PROJECT

pytestmark = pytest.mark.check

_NAME = r"[A-Z][A-Z0-9]*(?:_+[A-Z0-9]+)+"
# in the code, and nobody's to set
_NOT_TO_SET = {
    "HUB_RUN_ID": "the hub tells dbt of its run",
    "HUB_REQUEST": "the server tells a command who asked",
    "OPENLINEAGE__TRANSPORT": "the beginning of many names, which are the library's",
}
# in the example, and read by nobody here
_OF_OTHERS = {"COMPOSE_PROFILES": "compose itself reads it"}


def in_the_example() -> list[str]:
    """The variables of .env.example, which are all commented out."""
    return re.findall(rf"^# ({_NAME})=", (PROJECT / ".env.example").read_text(), re.MULTILINE)


def in_the_code() -> Iterator[str]:
    """The variables that hub/ and loader/ read: of the classes of settings, and each constant that
    looks like one in a module that reads the environment."""
    yield from Environment.__struct_encode_fields__
    yield from ServeSettings.__struct_encode_fields__
    for package in ("hub", "loader"):
        for path in (PROJECT / package).rglob("*.py"):
            text = path.read_text()
            if re.search(r"\benviron\b|\bgetenv\b|envvar=|read_environment", text):
                constants = (
                    node.value
                    for node in ast.walk(ast.parse(text))
                    if isinstance(node, ast.Constant)
                )
                yield from (
                    value
                    for value in constants
                    if isinstance(value, str) and re.fullmatch(_NAME, value)
                )


def in_the_project() -> Iterator[str]:
    """The variables that dbt's files and the YAML of the shipped sources name."""
    for path in [PROJECT / "profiles.yml", *(PROJECT / "macros").rglob("*.sql")]:
        yield from re.findall(rf"env_var\(\s*'({_NAME})'", path.read_text())
    for name in (name for names in SHIPPED.values() for name in names):
        text = (PROJECT / "models" / "staging" / name / f"{name}.yml").read_text()
        yield from re.findall(rf"\$\{{({_NAME})\b", text)
        yield from re.findall(rf"\b\w+_from: ({_NAME})\b", text)


def in_compose() -> list[str]:
    """The variables of which compose.yaml is made."""
    return re.findall(rf"\$\{{({_NAME})\b", (PROJECT / "compose.yaml").read_text())


def test_the_example_has_every_variable_that_is_read():
    read = {*in_the_code(), *in_the_project(), *in_compose()} - set(_NOT_TO_SET)
    assert sorted(read - set(in_the_example())) == []


def test_the_example_has_no_variable_that_nobody_reads():
    read = {*in_the_code(), *in_the_project(), *in_compose(), *_OF_OTHERS}
    assert sorted(set(in_the_example()) - read) == []


def test_the_example_names_each_variable_once_and_sets_none():
    assert len(in_the_example()) == len({*in_the_example()})
    lines = (PROJECT / ".env.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_what_is_found_is_not_too_little():
    assert {"HUB_DATABASE", "SECRET_KEY", "LOG_LEVEL", "WEBHOOK_URL"} <= {*in_the_code()}
    assert {"HUB_DATABASE", "KAFKA_BOOTSTRAP_SERVERS", "PARTNER_TOKEN"} <= {*in_the_project()}
    assert {"HUB_IMAGE", "HUB_SECRETS"} <= {*in_compose()}


@pytest.mark.parametrize("name", [".env", "secrets/SECRET_KEY", "deploy/terraform/x.tfstate"])
def test_git_ignores_what_is_secret(name):
    asked = ["git", "-C", str(PROJECT), "check-ignore", "--quiet", "--no-index", name]
    assert subprocess.run(asked).returncode == 0


def test_the_image_takes_what_is_listed_and_no_more():
    lines = (PROJECT / ".containerignore").read_text().splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*"
    assert {"!.env", "!secrets", "!landing", "!.git"} & {*rules} == set()
    assert (PROJECT / ".dockerignore").resolve() == PROJECT / ".containerignore"
