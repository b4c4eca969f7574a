"""Writes records into raw.<source>, verbatim."""

from collections.abc import Sequence

import duckdb

from loader.landing.json_problems import may_be_lenient, with_json_problems
from loader.readers.batch import WHITE_SPACE, Batch, Lines
from loader.readers.csv.form import MALFORMED, RECORD_BEGINS
from loader.readers.depth import NESTED_TOO_DEEP, depth_noted

_RECORDS = """
    select
        unnest(records) as record,
        unnest(problems) as problem,
        unnest(positions) as position,
        generate_subscripts(records, 1) as number,
        true as may_be_lenient
    from (select ?::varchar[] as records, ?::varchar[] as problems, ?::varchar[] as positions)
"""
# One long text is handed over faster than a list of short ones. As a row of `values` it is no
# constant: DuckDB would split one while it plans, into an object for each line.
_EACH_LINE = """
    select unnest(lines) as line, may_be_lenient
    from (
        select string_split(text, chr(10)) as lines, {may_be_lenient} as may_be_lenient
        from (values (?)) as given(text)
    )
"""
# Few lines begin with a character that could make them blank.
_LINES = f"""
    select
        line as record,
        null as problem,
        null as position,
        row_number() over () as number,
        may_be_lenient
    from ({_EACH_LINE.format(may_be_lenient=may_be_lenient("text"))})
    where line >= '!' or trim(line, '{WHITE_SPACE}') <> ''
"""
_LINES_OF_FORM = f"""
    select
        case
            when is_record then line
            when len(fields) = {{width}} then concat({{values}})
            else line
        end as record,
        case when not is_record and len(fields) <> {{width}} then '{MALFORMED}' end as problem,
        null as position,
        row_number() over () as number,
        may_be_lenient
    from (
        select
            line,
            may_be_lenient,
            string_split(line, ?) as fields,
            starts_with(line, ?) as is_record
        from ({_EACH_LINE.format(may_be_lenient="false")})
        where line <> ''
    )
"""


def _insertion(source: str, records: str) -> str:
    """The statement that inserts records, each as a row with its problem.

    records: a query for them. Structured text is checked here; a record that is no object could not
             be adapted either. What is no JSON at all is called so, however deep its brackets.
    """
    return f"""
        insert into raw.{source}
        select
            ?,
            ? + number,
            record,
            case
                when problem <> '{NESTED_TOO_DEEP}' then problem
                else coalesce(json_problem, problem)
            end,
            position
        from ({with_json_problems(records)})
    """


def insert_records(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    load_id: int,
    last: int,
    batch: Batch | Lines,
) -> int:
    """Insert a batch of a load's records; returns how many there were.

    last: the number of the load's last row so far.
    """
    lines = batch if isinstance(batch, Lines) else batch.as_lines()
    if lines is None:
        insert_rows(
            connection, source, load_id, last, batch.records, batch.problems, batch.positions
        )
        return len(batch.records)
    records, constants = _records_of(lines)
    ((inserted,),) = connection.execute(
        _insertion(source, records), [load_id, last, *constants, lines.text]
    ).fetchall()
    return int(inserted)


def _records_of(lines: Lines) -> tuple[str, list[str]]:
    """A query for what lines stand for, and its parameters before their text."""
    form = lines.form
    if form is None:
        return _LINES, []
    values = "".join(f"?, fields[{number}], " for number in range(1, form.width + 1)) + "?"
    return (
        _LINES_OF_FORM.format(width=form.width, values=values),
        [*form.pieces, form.delimiter, RECORD_BEGINS],
    )


def insert_rows(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    load_id: int,
    last: int,
    records: Sequence[str | None],
    problems: Sequence[str | None],
    positions: Sequence[str | None],
) -> None:
    """Insert records of a load, each with its problem and its position, after the row `last`."""
    connection.execute(
        _insertion(source, _RECORDS),
        [load_id, last, records, depth_noted(records, problems), positions],
    )
