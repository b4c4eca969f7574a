"""`hub stream` on topics of a schema registry, and adapters that read what is beside a record."""

import pytest

from tests.kafka.clicks import click
from tests.kafka.cluster import Message
from tests.kafka.conftest import TOPIC
from tests.kafka.test_stream import drain, letters, read_from

HEAD = b"\x00\x00\x00\x00\x2a"


@pytest.mark.slow
def test_json_of_a_registry_is_read_and_binary_formats_are_dead_letters(own_project, mock):
    mock.create_topic(TOPIC, 1)
    read_from(own_project, mock, framing="registry")
    avro, protobuf = HEAD + b"\x0aclk-9\x06", HEAD + b"\x00\x0a\x05clk-9"
    values = [HEAD + click(1), avro, protobuf, click(2), HEAD + b'{"cut', HEAD, HEAD + click(3)]
    mock.produce(TOPIC, values)

    assert drain(own_project) == 7

    assert own_project.sql("select event_id from marts.clicks order by 1") == [
        ("clk-1",),
        ("clk-3",),
    ]
    assert {offset: error for offset, (error, _) in letters(own_project).items()} == {
        1: "avro_or_protobuf",
        2: "avro_or_protobuf",
        3: "missing_framing",
        4: "malformed_json",
        5: "empty_message",
    }
    assert own_project.sql(
        "select distinct json_extract_string(position, '$.schema_id') from raw.web "
        "where problem is null"
    ) == [("42",)]


@pytest.mark.nightly
def test_an_adapter_reads_the_key_of_the_message(own_project, mock):
    """The same source has a file, too, whose records have no key."""
    mock.create_topic(TOPIC, 1)
    read_from(own_project, mock)
    own_project.edit(
        "models/staging/web/stg_web__clicks.sql",
        "{{ json_text('user_id') }} as user_id",
        "coalesce({{ position_text('key') }}, {{ json_text('user_id') }}) as user_id,\n"
        "    {{ position_text('offset') }} as page_url",
    )
    own_project.edit(
        "models/staging/web/stg_web__clicks.sql",
        "    {{ json_text('page_url') }} as page_url,\n",
        "",
    )
    mock.produce(
        TOPIC,
        [
            Message(click(1, user_id=None), key=b"u-7"),
            Message(click(2, user_id="u-2")),
            Message(b"{", key=b"u-8"),
        ],
    )
    own_project.drop("web/a.ndjson", click(3, user_id="u-3").decode() + "\n")
    own_project.run()
    drain(own_project)

    assert own_project.sql("select event_id, user_id, page_url from marts.clicks order by 1") == [
        ("clk-1", "u-7", "0"),
        ("clk-2", "u-2", "1"),
        ("clk-3", "u-3", None),
    ]
    assert letters(own_project) == {2: ("malformed_json", "{")}


@pytest.mark.nightly
def test_a_tombstone_of_a_registry_deletes_the_key_behind_its_framing(own_project, mock):
    mock.create_topic(TOPIC, 1)
    read_from(own_project, mock, framing="registry", key_from="key")
    at = 1736931600000 + 60_000
    mock.produce(TOPIC, [HEAD + click(1), HEAD + click(2), HEAD + click(3)])
    drain(own_project)
    mock.produce(
        TOPIC,
        [Message(None, key=HEAD + b'"clk-1"', timestamp=at), Message(None, b"clk-2", timestamp=at)],
    )
    drain(own_project)

    assert own_project.sql("select event_id from marts.clicks") == [("clk-3",)]
