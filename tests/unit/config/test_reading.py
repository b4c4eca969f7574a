"""Plain values are read as types, and a fault is told with its place and what to write."""

from datetime import date
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, field

from loader.config.reading import Refused, Secret, Settings, meant, read_as
from loader.config.values import KeyPath, Text
from loader.errors import WrongUse


class Round(Settings, frozen=True, tag_field="kind", tag="round"):
    radius: Annotated[float, Meta(gt=0)] = 1


class Square(Settings, frozen=True, tag_field="kind", tag="square"):
    side: int


class Part(Settings, frozen=True):
    name: str
    size: Annotated[int, Meta(ge=0)] = 0
    password: Annotated[str, Secret] = ""
    shape: Round | Square | None = None


class Whole(Settings, frozen=True):
    parts: dict[str, Part] = field(default_factory=dict)
    first: Part | None = None
    words: list[Literal["yes", "no"]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    share: Annotated[float, Meta(ge=0, le=1)] = 1
    path: KeyPath = KeyPath()
    label: Text | None = None
    by: Annotated[str, Meta(pattern="x")] = field(default="x", name="named_by")

    def __post_init__(self) -> None:
        if self.share == 0.5:
            raise Refused("half is nothing", "Write all.", at=("share",))


def fault(given: Any, kind: Any = Whole) -> str:
    with pytest.raises(WrongUse) as wrong:
        read_as(kind, given, "here")
    said = str(wrong.value)
    assert said.startswith("here")
    assert "\n" not in said
    return said


def test_what_is_written_is_read() -> None:
    given = {
        "parts": {"a": {"name": "x", "shape": {"kind": "square", "side": 3}}},
        "path": "data.items",
        "label": date(2025, 1, 15),
        "named_by": "xx",
    }

    assert read_as(Whole, given, "here") == Whole(
        parts={"a": Part("x", shape=Square(3))},
        path=KeyPath(("data", "items")),
        label=Text("2025-01-15"),
        by="xx",
    )


def test_a_name_with_nothing_behind_it_counts_as_left_out() -> None:
    given = {"parts": None, "first": {"name": "x", "size": None, "shape": {"kind": "round"}}}

    assert read_as(Whole, given, "here") == Whole(first=Part("x", shape=Round()))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "here: expected a mapping, found []. Write `name: value` lines."),
        ("text", "here: expected a mapping, found 'text'"),
        ({"part": {}}, "here: unknown key 'part'. Did you mean 'parts'? Expected one of first, "),
        ({"zzz": 1}, "here: unknown key 'zzz'. Expected one of first, label, named_by, names, "),
        ({7: 1}, "here: the name 7 is no text. Write it as '7'."),
        ({"parts": {7: {"name": "x"}}}, "here: parts: the name 7 is no text."),
        ({"parts": {"a": None}}, "here: parts: a: expected a mapping, found nothing."),
        ({"first": {}}, "here: first: name: it is missing. Write `name: ...`."),
        ({"first": {"name": 7}}, "here: first: name: expected a text, found 7."),
        (
            {"parts": {"a": {"name": "x", "size": -1}}},
            "here: parts: a: size: expected a whole number, found -1. Write a whole number >= 0.",
        ),
        ({"first": {"name": "x", "size": True}}, "size: expected a whole number, found True"),
        ({"first": {"name": "x", "size": "1h"}}, "size: expected a whole number, found '1h'"),
        ({"first": {"name": "x", "size": 1.5}}, "size: expected a whole number, found 1.5"),
        ({"share": 2}, "here: share: expected a number, found 2. Write a number from 0 to 1."),
        ({"share": float("nan")}, "here: share: expected a number, found nan."),
        ({"share": 0.5}, "here: share: half is nothing. Write all."),
        ({"words": "yes"}, "here: words: expected a list of names, found 'yes'."),
        ({"words": ["yess"]}, "here: words: unknown value 'yess'. Did you mean yes? Expected one"),
        ({"names": [7]}, "here: names: expected a list of names, found [7]. Write [name, ...]."),
        ({"path": 7}, "here: path: expected the keys to a value, found 7. Write them as data.item"),
        ({"label": True}, "here: label: expected a text, found True."),
        ({"label": ""}, "here: label: expected a text, found ''."),
        ({"first": {"name": "x", "shape": "round"}}, "shape: expected a mapping, found 'round'"),
        (
            {"first": {"name": "x", "shape": {"kind": "rond"}}},
            "shape: kind: unknown value 'rond'. Did you mean round? Expected one of round, square.",
        ),
        ({"first": {"name": "x", "shape": {}}}, "shape: kind: unknown value nothing."),
        (
            {"first": {"name": "x", "shape": {"kind": "round", "radius": 0}}},
            "shape: radius: expected a number, found 0. Write a number above 0.",
        ),
        (
            {"first": {"name": "x", "shape": {"kind": "round", "side": 1}}},
            "shape: unknown key 'side'. Expected one of kind, radius.",
        ),
    ],
    ids=str,
)
def test_a_fault_is_told_with_its_place(given: Any, says: str) -> None:
    assert says in fault(given)


@pytest.mark.parametrize("value", [["s3cr3t"], {"s3cr3t": 1}, 53237])
def test_what_may_be_a_secret_is_not_shown(value: Any) -> None:
    said = fault({"first": {"name": "x", "password": value}})

    assert "first: password: expected a text, found a " in said
    assert "s3cr3t" not in said
    assert "53237" not in said


@pytest.mark.parametrize(
    ("written", "word"),
    [("mta", "meta"), ("Meta", "meta"), ("META", "meta"), ("time-zone", "timezone")],
)
def test_a_word_is_told_by_what_it_is_like(written: str, word: str) -> None:
    assert meant(written, ("meta", "timezone", "late")) == word


@pytest.mark.parametrize("written", ["owner", "name", "description", "data", ""])
def test_another_word_is_like_none(written: str) -> None:
    assert meant(written, ("meta", "timezone", "late", "format")) is None
