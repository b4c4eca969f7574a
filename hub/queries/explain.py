"""Answers why: the whole story of records, from the file they came in to what became of them."""

import re
from dataclasses import dataclass
from typing import Any

import duckdb

from loader.errors import WrongUse
from loader.landing.names import written_out

_MOST_RECORDS = 100
_GREATEST_ID = 2**63 - 1
_PLACE = re.compile(r"(.+/.+):([1-9][0-9]{0,17})", re.DOTALL)
_OFFSET = re.compile(r"(?:.+/)?([A-Za-z0-9._-]+)/([0-9]{1,9})@([0-9]{1,18})", re.DOTALL)


@dataclass(frozen=True)
class Question:
    """What is asked about: a key, a row of a file, the offset of a partition of a topic, or a
    record by its id. One of them is set."""

    key: str | None = None
    file: str | None = None
    row_number: int | None = None
    record_id: int | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None


def parse_question(asked: str | None, record_id: int | None) -> Question:
    """A question from the command line: KEY, FILE:ROW, TOPIC/PARTITION@OFFSET, or a record's id.
    Raises WrongUse.

    Bytes that are no text are written as in the names that the ledger keeps.
    """
    if asked is not None and record_id is None:
        asked = written_out(asked)
        place = _PLACE.fullmatch(asked)
        if place:
            return Question(file=place[1], row_number=int(place[2]))
        offset = _OFFSET.fullmatch(asked)
        if offset:
            return Question(topic=offset[1], partition=int(offset[2]), offset=int(offset[3]))
        return Question(key=asked)
    if record_id is None or asked is not None:
        raise WrongUse(
            "hub why", "expected one thing to ask about", "Give KEY, FILE:ROW or --record ID."
        )
    if abs(record_id) > _GREATEST_ID:
        raise WrongUse(
            f"--record {record_id}",
            "no record has such a number",
            "Take record_id from ops.record_outcomes.",
        )
    return Question(record_id=record_id)


def answer(connection: duckdb.DuckDBPyConnection, question: Question) -> dict[str, Any]:
    """The records that the question is about, oldest first, each with its decisions.

    A record has entity, source, file, row_number, record_id, record (raw text), landed_at,
    decisions, and is_current (whether the target's row is its). files is the number of files
    that landed; more_records says that only the first are told. What looks like a place is taken
    for a key where there is no such row.
    """
    if question.topic is None:
        records = _records(connection, question)
    else:
        places = _at_offset(connection, question)
        records = [record for place in places for record in _records(connection, place)]
    if not records and question.file is not None:
        records = _records(connection, Question(key=f"{question.file}:{question.row_number}"))
    if not records and question.topic is not None:
        key = f"{question.topic}/{question.partition}@{question.offset}"
        records = _records(connection, Question(key=key))
    told = records[:_MOST_RECORDS]
    _add_raw_texts(connection, told)
    files = connection.execute("select count(*) from raw.loads where status = 'landed'").fetchall()[
        0
    ][0]
    return {
        "asked": {name: value for name, value in vars(question).items() if value is not None},
        "files": files,
        "records": told,
        "more_records": len(records) > len(told),
    }


def _at_offset(connection: duckdb.DuckDBPyConnection, question: Question) -> list[Question]:
    """The rows that stand for an offset of a topic: more than one if the topic was made anew."""
    sources = connection.execute(
        "select distinct source from ops.stream_offsets where topic = ?", [question.topic]
    ).fetchall()
    places = []
    for (source,) in sources:
        rows = connection.execute(
            f"""
            select loads.file, raw.row_number
            from raw.{source} as raw
            inner join raw.loads
                on loads.load_id = raw.load_id
            where json_extract_string(raw.position, ['topic', 'partition', 'offset']) = ?
            order by raw.load_id
            """,
            [[question.topic, str(question.partition), str(question.offset)]],
        ).fetchall()
        places += [Question(file=file, row_number=number) for file, number in rows]
    return places


def _records(connection: duckdb.DuckDBPyConnection, question: Question) -> list[dict[str, Any]]:
    conditions = {
        "decisions.record_key = ?": question.key,
        "loads.file = ?": question.file,
        "decisions.row_number = ?": question.row_number,
        "decisions.record_id = ?": question.record_id,
    }
    given = {part: value for part, value in conditions.items() if value is not None}
    rows = connection.execute(
        f"""
        select
            decisions.record_id, decisions.entity, decisions.source, loads.file,
            decisions.load_id, decisions.row_number, decisions.record_key, loads.landed_at,
            decisions.content_hash, decisions.event_time, decisions.attempt, decisions.outcome,
            decisions.other_record_id, decisions.explanation, decisions.contract_version,
            decisions.run_id, decisions.decided_at
        from ops.decisions
        left join raw.loads
            on loads.load_id = decisions.load_id
        where {" and ".join(given)}
        order by decisions.record_id, decisions.attempt
        limit 10000
        """,
        list(given.values()),
    ).fetchall()
    return _told(connection, rows) or _undecided(connection, question)


def _told(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]]
) -> list[dict[str, Any]]:
    """Rows of decisions, gathered by record."""
    places = _places(connection, [row[12] for row in rows if row[12] is not None])
    records: dict[int, dict[str, Any]] = {}
    for row in rows:
        record = records.setdefault(
            row[0],
            {
                "record_id": row[0],
                "entity": row[1],
                "source": row[2],
                "file": row[3],
                "load_id": row[4],
                "row_number": row[5],
                "key": row[6],
                "landed_at": row[7],
                "content_hash": row[8],
                "event_time": row[9],
                "decisions": [],
            },
        )
        record["decisions"].append(
            {
                "attempt": row[10],
                "outcome": row[11],
                "other_record_id": row[12],
                "other_record": places.get(row[12]),
                "explanation": row[13],
                "contract_version": row[14],
                "run_id": row[15],
                "decided_at": row[16],
            }
        )
    for record in records.values():
        record["is_current"] = _is_current(connection, record)
    return list(records.values())


def _places(connection: duckdb.DuckDBPyConnection, record_ids: list[int]) -> dict[int, str]:
    """File and row of records, as text."""
    rows = connection.execute(
        "select decisions.record_id, concat(loads.file, ':', decisions.row_number) "
        "from ops.decisions inner join raw.loads on loads.load_id = decisions.load_id "
        "where list_contains(?::bigint[], decisions.record_id)",
        [sorted(set(record_ids))],
    ).fetchall()
    return dict(rows)


def _is_current(connection: duckdb.DuckDBPyConnection, record: dict[str, Any]) -> bool:
    if record["decisions"][-1]["outcome"] != "applied":
        return False
    found = connection.execute(
        f"select count(*) from marts.{record['entity']} where record_id = ?",
        [record["record_id"]],
    ).fetchall()
    return bool(found[0][0])


def _undecided(connection: duckdb.DuckDBPyConnection, question: Question) -> list[dict[str, Any]]:
    """A row that landed but no build has decided yet."""
    if question.file is None:
        return []
    rows = connection.execute(
        "select load_id, loads.source, file, landed_at, sources.entity from raw.loads "
        "left join raw.sources on sources.source = loads.source "
        "where file = ? and rows >= ? and status = 'landed' order by load_id",
        [question.file, question.row_number],
    ).fetchall()
    return [
        {
            "record_id": None,
            "entity": entity,
            "source": source,
            "file": file,
            "load_id": load_id,
            "row_number": question.row_number,
            "key": None,
            "landed_at": landed_at,
            "content_hash": None,
            "event_time": None,
            "decisions": [],
            "is_current": False,
        }
        for load_id, source, file, landed_at, entity in rows
    ]


def _add_raw_texts(connection: duckdb.DuckDBPyConnection, records: list[dict[str, Any]]) -> None:
    for record in records:
        found = connection.execute(
            f"select record from raw.{record['source']} where load_id = ? and row_number = ?",
            [record["load_id"], record["row_number"]],
        ).fetchone()
        record["record"] = found[0] if found else None
