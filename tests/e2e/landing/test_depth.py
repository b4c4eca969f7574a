"""A record that is nested too deeply is a dead letter: comparing it would take the machine down."""

import time
from pathlib import Path

import duckdb
import pytest

from hub.commands import questions
from hub.queries.explain import parse_question
from hub.text.explanation import render_explanation
from loader.readers.depth import MOST_LEVELS, NESTED_TOO_DEEP, any_too_deep, depth_noted
from tests.support.workbench import Workbench


def lists(levels: int, inner: str = "") -> str:
    return "[" * levels + inner + "]" * levels


def objects(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


class TestLevels:
    @pytest.mark.parametrize("nested", [lists, objects])
    def test_the_limit_is_not_too_deep_and_one_more_is(self, nested) -> None:
        assert not any_too_deep([nested(MOST_LEVELS)])
        assert any_too_deep(["{}", nested(MOST_LEVELS + 1)])

    @pytest.mark.parametrize(
        "text",
        [
            f'{{"text": "{"[" * 2_000}"}}',
            f'{{"quoted": "\\"{"[{" * 2_000}\\\\", "b": []}}',
            f"[{'[],' * 2_000}[]]",
            f'["{"x" * 5_000}]',
            "[" * MOST_LEVELS + " " * 2_000,
        ],
    )
    def test_many_brackets_are_not_many_levels(self, text: str) -> None:
        assert not any_too_deep([text])

    def test_another_problem_goes_first(self) -> None:
        deep = lists(MOST_LEVELS + 1)
        records = [deep, deep, "{}", None]

        assert depth_noted(records, ["malformed_csv", None, None, "tombstone"]) == [
            "malformed_csv",
            NESTED_TOO_DEEP,
            None,
            "tombstone",
        ]

    @pytest.mark.parametrize("text", ['"' + "[\\" * 2_000_000, '"[' * 2_000_000, "[" * 2_000_000])
    def test_odd_text_takes_no_longer_than_other(self, text: str) -> None:
        start = time.process_time()
        any_too_deep([text])
        assert time.process_time() - start < 5


class TestLanding:
    def test_each_format_tells_what_is_too_deep(self, bench: Workbench, tmp_path: Path) -> None:
        # the record itself is a level
        allowed, deep = (f'{{"data":{lists(MOST_LEVELS - more)}}}' for more in (1, 0))
        columns = f"select '{lists(MOST_LEVELS)}'::json as data"
        parquet = tmp_path / "a.parquet"
        duckdb.execute(f"copy ({columns}) to '{parquet}' (format parquet)")
        bench.drop("app/1.ndjson", f"{allowed}\n{deep}\n")
        bench.drop("app/2.json", f"[{deep},{allowed}]")
        bench.drop("app/3.parquet", parquet.read_bytes())
        bench.drop("plant/a.csv", f"data\n{deep}\n".replace('"', "'"))

        bench.land()

        assert bench.sql("select record, problem from raw.app order by load_id, row_number") == [
            (allowed, None),
            (deep, NESTED_TOO_DEEP),
            (deep, NESTED_TOO_DEEP),
            (allowed, None),
            (deep, NESTED_TOO_DEEP),
        ]
        # a text is a text, whatever is in it
        assert bench.sql("select problem from raw.plant") == [(None,)]

    def test_what_is_no_json_or_no_object_is_called_so(self, bench: Workbench) -> None:
        bench.drop("app/a.ndjson", f"{'[' * 30_000}\n{lists(30_000)}\n")

        bench.land()

        assert bench.sql("select problem from raw.app order by row_number") == [
            ("malformed_json",),
            ("not_an_object",),
        ]

    @pytest.mark.slow
    def test_thirty_thousand_levels_are_a_letter_within_seconds(self, bench: Workbench) -> None:
        deep = f'{{"uid": "order_1", "data": {objects(30_000)}}}'
        allowed = f'{{"uid": "order_2", "data": {lists(MOST_LEVELS - 1)}}}'
        bench.drop("alpha/a.ndjson", f"{deep}\n{allowed}\n")
        start = time.process_time()

        assert bench.run()["status"] == "succeeded"

        # measured at 3 s; without the limit, this record alone took 134 s and 9.6 GB
        assert time.process_time() - start < 30
        assert bench.sql("select record, error from ops.dead_letters order by row_number")[0] == (
            deep,
            NESTED_TOO_DEEP,
        )
        story = questions.why(bench.project, parse_question("alpha/a.ndjson:1", None))
        assert NESTED_TOO_DEEP in render_explanation(story)
