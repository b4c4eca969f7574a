"""The settings of the whole project, under `vars` in dbt_project.yml."""

from typing import Any

import pytest

from loader.config.kafka import Persistence
from loader.config.project_vars import ProjectVars, read_vars
from loader.errors import WrongUse

SOURCES = {"events": ["app"]}


def test_sources_are_enough() -> None:
    assert read_vars({"sources": SOURCES}) == ProjectVars(sources=SOURCES)


def test_everything_can_be_said() -> None:
    given = {
        "sources": SOURCES,
        "skip": ["validate"],
        "rollout": {"validate": 10},
        "now": "2025-01-15T12:00:00",
        "max_age": 60,
        "min_quality": 1,
        "stream": {"first_pause": 0.1, "failures_to_open": 2},
    }

    assert read_vars(given) == ProjectVars(
        sources=SOURCES,
        skip=["validate"],
        rollout={"validate": 10.0},
        now="2025-01-15T12:00:00",
        max_age=60,
        min_quality=1,
        stream=Persistence(0.1, failures_to_open=2),
    )


def test_vars_of_the_users_own_models_are_left_alone() -> None:
    assert read_vars({"sources": SOURCES, "fiscal_year": 7}) == ProjectVars(sources=SOURCES)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "sources: no source is registered"),
        ("sources", "expected a mapping, found 'sources'"),
        ({"source": SOURCES}, "unknown name 'source'. Write 'sources'"),
        ({"sources": SOURCES, "skipp": []}, "unknown name 'skipp'. Write 'skip'"),
        ({"sources": SOURCES, "max-age": 1}, "unknown name 'max-age'. Write 'max_age'"),
        ({"sources": SOURCES, "skip": "validate"}, "skip: expected a list of names"),
        ({"sources": SOURCES, "skip": [7]}, "skip: expected a list of names, found [7]"),
        ({"sources": SOURCES, "rollout": ["validate"]}, "rollout: expected a mapping"),
        ({"sources": SOURCES, "rollout": {"validate": 101}}, "rollout: validate: expected a numb"),
        ({"sources": SOURCES, "rollout": {"validate": True}}, "rollout: validate: expected a num"),
        ({"sources": SOURCES, "max_age": "1h"}, "max_age: expected a number, found '1h'"),
        ({"sources": SOURCES, "max_age": -1}, "max_age: expected a number, found -1"),
        ({"sources": SOURCES, "min_quality": 99}, "min_quality: expected a number, found 99. Wri"),
        ({"sources": SOURCES, "stream": {"pause": 1}}, "stream: unknown key 'pause'. Expected one"),
        ({"sources": SOURCES, "stream": {"first_pause": 0}}, "stream: first_pause: expected a nu"),
        ({"sources": SOURCES, "stream": {"failures_to_open": 0.5}}, "failures_to_open: expected a"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_named(given: Any, says: str) -> None:
    with pytest.raises(WrongUse) as wrong:
        read_vars(given)

    said = str(wrong.value)
    assert said.startswith("dbt_project.yml: vars")
    assert says in said
