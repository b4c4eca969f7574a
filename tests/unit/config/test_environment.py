"""The variables of the environment are declared in one place."""

import re

import pytest
from msgspec import inspect

from loader.config.environment import Environment, read_environment
from tests.support.workbench import PROJECT

VARIABLE = re.compile(r"\bHUB_[A-Z_]+\b")


def test_every_variable_that_is_read_is_declared() -> None:
    """And none is declared that nothing reads."""
    files = [
        *(PROJECT / "hub").rglob("*.py"),
        *(PROJECT / "loader").rglob("*.py"),
        *(PROJECT / "macros").rglob("*.sql"),
        PROJECT / "profiles.yml",
        PROJECT / "dbt_project.yml",
    ]
    named = {name for path in files for name in VARIABLE.findall(path.read_text(encoding="utf-8"))}

    declared = {field.encode_name for field in inspect.type_info(Environment).fields}
    # those of the landing folder alone are not named, but by the declaration
    assert named <= declared
    assert declared - named <= {"HUB_LANDING"}


def test_every_variable_has_a_meaning() -> None:
    for field in inspect.type_info(Environment).fields:
        schema = field.type.extra_json_schema
        assert schema["description"].endswith("."), field.encode_name


def test_what_is_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_MEMORY_LIMIT", "")
    monkeypatch.setenv("HUB_DATABASE", "some.duckdb")

    environment = read_environment()

    assert environment.memory_limit is None
    assert environment.database == "some.duckdb"
