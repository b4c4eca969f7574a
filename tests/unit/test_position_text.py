"""What a message has beside its record is there for adapters, by the names that there are."""

import duckdb
import pytest

from loader.config.macros import Macros
from loader.config.project import open_project
from loader.errors import WrongUse
from tests.support.shipped import PROJECT

POSITION = (
    '{"topic": "clicks", "partition": 3, "offset": 7, "timestamp": null, "key": "u-1", '
    '"headers": [["trace", "a"]], "schema_id": 42}'
)


@pytest.fixture(scope="module")
def macros() -> Macros:
    return Macros(PROJECT, open_project(folder=str(PROJECT)).vars)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("topic", "clicks"),
        ("partition", "3"),
        ("offset", "7"),
        ("timestamp", None),
        ("key", "u-1"),
        ("headers", '[["trace","a"]]'),
        ("schema_id", "42"),
        ("key_schema_id", None),
    ],
)
def test_a_part_of_the_position_is_text(macros: Macros, name: str, text: str | None) -> None:
    rows = duckdb.execute(
        f"select {macros.call('position_text', name)} "
        "from (values (?, null), (?, 'malformed_json'), (null, null)) as raw (position, problem)",
        [POSITION, POSITION],
    ).fetchall()

    assert rows == [(text,), (None,), (None,)]


@pytest.mark.parametrize("name", ["", "Key", "offsets", "key.id", ["key"]])
def test_another_name_is_refused(macros: Macros, name: object) -> None:
    with pytest.raises(WrongUse, match=r"expected one of topic, partition, .*, got"):
        macros.call("position_text", name)
