"""Bodies of answers: whatever an API sends, its items come out as they stand, or an error does."""

import json
import random

import pytest

from loader.pull.body import Body, NoItems
from loader.readers import UnreadableFile

BODY = (
    '{"data": {"items": [{"id": 1.0, "id": "b"}, [1, "]"], "\\\\", {"a\\"b": {"c": []}}]},'
    ' "d\\u0061ta": 7, "meta": {"next": "c\\u00e9", "total": 30, "more": true, "none": null}}'
)


def body(text: str) -> Body:
    return Body.of(text.encode(), None)


def test_items_and_words_stand_at_their_paths() -> None:
    whole = body(BODY.replace("d\\u0061ta", "other"))

    assert whole.items(("data", "items")) == [
        '{"id": 1.0, "id": "b"}',
        '[1, "]"]',
        '"\\\\"',
        '{"a\\"b": {"c": []}}',
    ]
    assert whole.word(("meta", "next")) == "cé"
    assert whole.word(("meta", "total")) == "30"
    assert whole.word(("meta", "none")) is None
    assert whole.word(("meta", "next", "deeper")) is None
    assert whole.has(("meta", "none"))
    assert not whole.has(("meta", "nothing"))
    assert whole.is_true(("meta", "more"))
    assert not whole.is_true(("meta", "none"))


def test_of_a_key_given_twice_the_last_counts() -> None:
    with pytest.raises(NoItems, match="nothing at data"):
        body(BODY).items(("data", "items"))
    assert body(BODY).word(("data",)) == "7"


@pytest.mark.parametrize(
    "text", ["", " ", "<html>", "<p> </p>", "[1", '{"a": [}', "[] []", "}", '"']
)
def test_what_is_no_whole_json_is_refused(text: str) -> None:
    with pytest.raises((UnreadableFile, NoItems)):
        body(text).items(())


def test_every_cut_is_seen() -> None:
    for end in range(len(BODY)):
        with pytest.raises(UnreadableFile):
            body(BODY[:end])


def test_nothing_else_than_these_errors_comes_of_any_bytes() -> None:
    chance = random.Random(7)
    content = BODY.encode()
    readable = 0
    for _ in range(3000):
        changed = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.choice(b'{}[]",:\\ 0\xff\n')
        try:
            found = Body.of(bytes(changed), chance.choice([None, "utf-8", "utf-16", "klingon"]))
            found.word(("meta", "next"))
            found.items(("data",) if found.is_true(("meta", "more")) else ("data", "items"))
            readable += 1
        except (UnreadableFile, NoItems):
            pass
    assert readable


@pytest.mark.parametrize("seed", range(5))
def test_items_are_those_that_a_parser_finds(seed: int) -> None:
    chance = random.Random(seed)
    values = [1, 2.5, None, True, "a", 'q"\\,]}', "é\n", [], {}, [1, [2]], {"x": {"y": "}"}}]
    items = [chance.choice(values) for _ in range(chance.randint(0, 30))]
    text = json.dumps(
        {"z": chance.choice(values), "data": items, "y": 1},
        indent=chance.choice([None, 2]),
        ensure_ascii=chance.choice([True, False]),
    )

    assert [json.loads(item) for item in body(text).items(("data",))] == items
