"""Answers why: explains records, from the file they came in to what became of them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb

from hub.queries.raw_text import RawText
from hub.queries.rows import Row, rows
from hub.queries.whole_entities import ask
from loader.config.project import Project
from loader.errors import WrongUse
from loader.landing.names import written_out

_MOST_RECORDS = 100
_MOST_DECISIONS = 10_000
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


# the digest of a key, as decisions have it
HashOf = Callable[[str], int]


def answer(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    question: Question,
    raw_text: RawText,
    hash_of: HashOf | None = None,
) -> dict[str, Any]:
    """The records that the question is about, oldest first, each with its decisions.

    A record has entity, source, file, row_number (None for a deletion that a full delivery
    implies), record_id, record (raw text, as far as it may be shown), landed_at, explanation (of
    its last decision), decisions, is_current (whether it is the row of its key), and dead_letter:
    status, resolved_by and resolved_by_place of the dead letter with its text, None where there is
    none.

    files is the number of files that landed; more_records says that only the first are told;
    left_out has the entities that cannot be read, with the reason. What looks like a place is taken
    for a key where there is no such row.

    raw_text: which raw text may be shown.
    hash_of: where it is known, records of a key are found by its digest, which a long history is
    searched for in a twentieth of the time.
    """
    records, left_out = ask(connection, project, lambda reader: _found(reader, question, hash_of))
    told = records[:_MOST_RECORDS]
    shown = raw_text.within(connection)
    for record in told:
        source = record["source"]
        record["record"] = shown.of_record(
            connection, source, record["load_id"], record["row_number"]
        )
        record["position"] = shown.of_position(source, record["position"])
    files = connection.execute("select count(*) from raw.loads where status = 'landed'").fetchall()[
        0
    ][0]
    return {
        "asked": {name: value for name, value in vars(question).items() if value is not None},
        "files": files,
        "records": told,
        "more_records": len(records) > len(told),
        "left_out": left_out,
    }


def _found(
    connection: duckdb.DuckDBPyConnection, question: Question, hash_of: HashOf | None
) -> list[dict[str, Any]]:
    records = _records(connection, question, hash_of)
    if not records and question.file is not None:
        key = f"{question.file}:{question.row_number}"
        records = _records(connection, Question(key=key), hash_of)
    if not records and question.topic is not None:
        key = f"{question.topic}/{question.partition}@{question.offset}"
        records = _records(connection, Question(key=key), hash_of)
    _add_dead_letters(connection, records[:_MOST_RECORDS])
    return records


def _add_dead_letters(connection: duckdb.DuckDBPyConnection, records: list[dict[str, Any]]) -> None:
    """Add to each record what became of the dead letter that its text is."""
    turned_away = [
        str(record["record_id"])
        for record in records
        if any(decision["outcome"] in ("rejected", "late") for decision in record["decisions"])
    ]
    if not turned_away:
        return
    # with numbers and digests in the queries, no others are read
    texts = dict(
        connection.execute(
            "select record_id, text_hash::varchar from ops.decisions "
            f"where record_id in ({', '.join(turned_away)}) and text_hash is not null"
        ).fetchall()
    )
    if not texts:
        return
    found = rows(
        connection,
        "select letters.text_hash::varchar as text_hash, letters.status, letters.resolved_by, "
        "resolving.file || ':' || resolving.row_number as resolved_by_place "
        "from ops.dead_letters as letters left join ops.record_outcomes as resolving "
        "on resolving.record_id = letters.resolved_by "
        f"where letters.text_hash in ({', '.join(sorted(set(texts.values())))})",
    )
    letters = {row.pop("text_hash"): row for row in found}
    for record in records:
        record["dead_letter"] = letters.get(texts.get(record["record_id"], ""))


def _records(
    connection: duckdb.DuckDBPyConnection, question: Question, hash_of: HashOf | None = None
) -> list[dict[str, Any]]:
    if question.topic is not None:
        places = _at_offset(connection, question)
        return [record for place in places for record in _records(connection, place)]
    asked = {
        "record_key": question.key,
        "row_number": question.row_number,
        "record_id": question.record_id,
    }
    given = {column: value for column, value in asked.items() if value is not None}
    conditions = [f"{column} = ?" for column in given]
    if question.file is not None:
        loads = connection.execute(
            "select load_id from raw.loads where file = ?", [question.file]
        ).fetchall()
        # with their numbers in the query, no other loads are read
        conditions.append(f"load_id in ({', '.join(str(number) for (number,) in loads) or 'null'})")
    # a key that counts as blank is no key, and has another digest
    has_digest = any(map(str.isalnum, question.key or ""))
    if question.key is not None and hash_of is not None and has_digest:
        explained = _of_key(connection, question.key, hash_of(question.key))
    else:
        explained = _explained(connection, " and ".join(conditions), list(given.values()))
        if question.key is not None:
            explained += _under_other_keys(connection, explained, question.key)
    records: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in sorted(explained, key=_in_order_of_arrival):
        identity = (row["load_id"], row["row_number"], row["record_id"])
        record = records.setdefault(identity, _record(row))
        record.update(_last_known(row))
        record["is_current"] |= row["is_current"]
        if row["attempt"] is not None:
            record["decisions"].append(_decision(row))
    return list(records.values())


def _explained(
    connection: duckdb.DuckDBPyConnection, condition: str, parameters: list[Any]
) -> list[Row]:
    return rows(
        connection,
        f"select * from ops.record_explanations where {condition} "
        f"order by load_id, row_number, record_id, attempt limit {_MOST_DECISIONS}",
        parameters,
    )


def _of_key(connection: duckdb.DuckDBPyConnection, key: str, key_hash: int) -> list[Row]:
    """All decisions on the records that were ever decided under a key."""
    found = connection.execute(
        "select distinct record_id from ops.decisions "
        f"where key_hash = {int(key_hash)} and record_key = ? order by record_id limit ?",
        [key, _MOST_RECORDS + 1],
    ).fetchall()
    if not found:
        return []
    numbers = ", ".join(str(record_id) for (record_id,) in found)
    return _explained(connection, f"record_id in ({numbers})", [])


def _under_other_keys(
    connection: duckdb.DuckDBPyConnection, explained: list[Row], key: str
) -> list[Row]:
    """The other decisions on the same records, where a change of the rules gave them another
    key."""
    record_ids = sorted({row["record_id"] for row in explained if row["record_id"] is not None})
    if not record_ids:
        return []
    numbers = ", ".join(map(str, record_ids[: _MOST_RECORDS + 1]))
    return _explained(
        connection, f"record_id in ({numbers}) and record_key is distinct from ?", [key]
    )


def _at_offset(connection: duckdb.DuckDBPyConnection, question: Question) -> list[Question]:
    """The rows that stand for an offset of a topic: more than one if the topic was made anew."""
    sources = connection.execute(
        "select distinct source from ops.stream_offsets where topic = ?", [question.topic]
    ).fetchall()
    places = []
    for (source,) in sources:
        found = connection.execute(
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
        places += [Question(file=file, row_number=number) for file, number in found]
    return places


def _record(row: Row) -> dict[str, Any]:
    """What is the same in all decisions of a record."""
    return {
        "record_id": row["record_id"],
        "entity": row["entity"],
        "source": row["source"],
        "file": row["file"],
        "load_id": row["load_id"],
        "row_number": row["row_number"],
        "position": row["position"],
        "landed_at": row["landed_at"],
        "decisions": [],
        "is_current": False,
        "dead_letter": None,
    }


def _last_known(row: Row) -> dict[str, Any]:
    """What the last decision says of a record."""
    return {
        "key": row["record_key"],
        "content_hash": row["content_hash"],
        "event_time": row["event_time"],
        "explanation": row["explanation"],
    }


def _in_order_of_arrival(row: Row) -> tuple[Any, ...]:
    # what a full delivery implies stands behind the rows of its file
    number = row["row_number"]
    return (row["load_id"], number is None, number or row["record_id"], row["attempt"] or 0)


def _decision(row: Row) -> dict[str, Any]:
    other = None
    if row["other_file"] is not None:
        other = f"{row['other_file']}:{row['other_row_number']}"
    return {
        "attempt": row["attempt"],
        "outcome": row["outcome"],
        "other_record_id": row["other_record_id"],
        "other_record": other,
        "explanation": row["explanation"],
        "reasons": row["reasons"],
        "is_deletion": row["is_deletion"],
        "arrived_as": row["arrived_as"],
        "rule_set": row["rule_set"],
        "contract_version": row["contract_version"],
        "run_id": row["run_id"],
        "decided_at": row["decided_at"],
    }
