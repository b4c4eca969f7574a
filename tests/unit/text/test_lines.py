"""Lines, tables and counts, as results show them."""

import pytest

from hub.text.lines import counted, shortened, table, text_of


def test_what_would_steer_the_terminal_is_written_out() -> None:
    assert text_of(["a\x1b[31m", "b\nc"]) == "a\\x1b[31m\nb\\nc"
    assert table([("a\rb", "c")]) == ["a\\rb  c"]


def test_columns_are_as_wide_as_their_widest_cell_as_it_is_shown() -> None:
    assert table([("name", "state"), ("a\tb", "x")]) == ["name  state", "a\\tb  x"]


def test_numbers_stand_on_the_right() -> None:
    assert table([("source", "rows"), ("a", "1"), ("b", "1,000")], numbers_from=1) == [
        "source   rows",
        "a           1",
        "b       1,000",
    ]


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0 records"), (1, "1 record"), (2_000, "2,000 records")],
)
def test_things_are_counted_in_words(number: int, shown: str) -> None:
    assert counted(number, "record") == shown


def test_a_long_text_is_cut_and_says_so() -> None:
    assert shortened("x" * 500) == "x" * 500
    assert shortened("x" * 501) == "x" * 500 + "..."
