"""A key is found in text as a word of its own, however a file spells it, and never as a part."""

import base64

import duckdb
import pytest

from hub.forgetting.key import Key, salted_digest
from loader.warehouse.salt import draw_salt


@pytest.mark.parametrize(
    ("key", "text", "is_in"),
    [
        ("evt-003", '{"key": "evt-003"}', True),
        ("evt-003", "evt-003", True),
        ("evt-003", "evt-003,1,2", True),
        ("evt-003", "of evt-003.", True),
        ("evt-003", '{"key": "evt-0031"}', False),
        ("evt-003", "my-evt-003", False),
        ("evt-003", "evt-003-b", False),
        ("evt-003", "_evt-003", False),
        ("1", '{"value": 1.5}', False),
        ("1", '{"value": 0.1}', False),
        ("1", '{"key": 1}', True),
        ("a.b", "axb", False),
        ("jürgen", '{"key": "j\\u00fcrgen"}', True),
        ("jürgen", '{"key": "jürgen"}', True),
        ('say "x"', '{"key": "say \\"x\\""}', True),
        ("say (x)", "say (x)", True),
        ("evt-003", '{"text": "first\\nevt-003"}', True),
        ("evt-003", '{"text": "\\u0009evt-003\\t"}', True),
        ("evt-003", '{"text": "nevt-003"}', False),
    ],
)
def test_a_key_is_found_as_a_word(key: str, text: str, is_in: bool) -> None:
    sought = Key(key)
    assert sought.is_in(text) is is_in
    # DuckDB, which searches the tables, finds the same
    assert duckdb.execute("select regexp_matches(?, ?)", [text, sought.pattern]).fetchall() == [
        (is_in,)
    ]


def test_a_key_is_found_in_bytes_that_are_no_text() -> None:
    record = base64.b64encode(b'{"key": "evt-003", "name": "\xff"}').decode()
    assert Key("evt-003").is_in_base64(record)
    assert not Key("evt-00").is_in_base64(record)
    assert not Key("evt-003").is_in_base64("no base64")


def test_what_is_kept_of_a_key_is_salted_by_the_warehouse() -> None:
    digests = []
    for _ in range(2):
        with duckdb.connect() as connection:
            connection.execute("create schema raw; create table raw.salt (salt varchar)")
            draw_salt(connection)
            digest = salted_digest(connection, Key("k"))
            draw_salt(connection)
            assert salted_digest(connection, Key("k")) == digest
            # as the hook of a build makes it
            assert connection.execute(
                "select sha256(concat(salt, 'k')), length(salt) from raw.salt"
            ).fetchall() == [(digest, 64)]
            digests.append(digest)
    assert digests[0] != digests[1]
