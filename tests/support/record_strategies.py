"""Hypothesis strategies for files of records as senders write them: good, bad, repeated, reordered.

Hypothesis draws the shape of an example (how many records, keys and moments, how much is bad or
repeated) and a seed, from which the records are written: thousands of single draws would exceed
its buffer. Few keys and few moments, so that collisions and ties are the rule.
"""

import json
import os
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.support.oracle import ADDED, SOURCES, File

NOW = datetime(2025, 6, 1, 12)
SHIPPED = tuple(name for name in SOURCES if name not in ADDED)

Record = dict[str, Any]
Write = Callable[[random.Random], Any]


class _Absent:
    """The value of a field that a record does not have."""


class _Bare(str):
    """Text that stands in JSON without quotes: a number in the very notation of its sender."""


_ABSENT = _Absent()
_BLANKS: Sequence[Any] = (_ABSENT, None, "", "   ", "\t", "\xa0", "\u200b\ufeff", "\u3000")


def examples(usual: int) -> settings:
    """Settings for tests in which every example is a run of the hub or more.

    HUB_EXAMPLES asks for more than the usual number. A failing test shows the history of the keys
    that differ, which is as good as a small example, and much cheaper than looking for one.
    """
    return settings(
        max_examples=max(usual, int(os.environ.get("HUB_EXAMPLES", "0"))),
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )


# ------------------------------------------------------------------------------------------ shapes


@dataclass(frozen=True)
class Shape:
    """What the records of an example are like; the shares are in percent.

    deletion_share: how many say what DELETIONS has, which a contract may take for a deletion.
    """

    seed: int
    records: int
    keys: int
    moments: int
    bad_share: int
    repeat_share: int
    deletion_share: int = 0


# entity -> column, and what it holds in a deletion
DELETIONS = {
    "events": ("name", "D"),
    "orders": ("status", "deleted"),
    "clicks": ("event_type", "delete"),
    "measurements": ("category", "deleted"),
}


def _around(usual: int, least: int, most: int) -> st.SearchStrategy[int]:
    """Numbers of which the usual one is the simplest, which Hypothesis tries first."""
    return st.integers(least - usual, most - usual).map(lambda more: usual + more)


def shapes() -> st.SearchStrategy[Shape]:
    return st.builds(
        Shape,
        seed=st.integers(0, 2**32 - 1),
        records=_around(1200, 400, 2000),
        keys=_around(20, 3, 60),
        moments=_around(8, 2, 40),
        bad_share=st.sampled_from([20, 5, 50]),
        repeat_share=st.sampled_from([25, 5, 60]),
    )


def cuts(runs: int = 3) -> st.SearchStrategy[list[int]]:
    """Where to cut a series of files, in percent: about evenly, or anywhere."""
    even = [100 * number // runs for number in range(1, runs)]
    return st.tuples(*(_around(percent, 0, 100) for percent in even)).map(sorted)


def split(files: Sequence[File], at: Sequence[int]) -> list[list[File]]:
    """The files in their order, cut into runs at these percentages; a run may have none."""
    ends = [len(files) * percent // 100 for percent in [*at, 100]]
    starts = [0, *ends[:-1]]
    return [list(files[start:end]) for start, end in zip(starts, ends, strict=True)]


def reordered(files: Sequence[File], seed: int) -> list[File]:
    """The files in another order, save that those of a source keep theirs, and those of all sources
    of an entity without an event time."""
    rng = random.Random(seed)
    queues: dict[str, list[File]] = defaultdict(list)
    for file in files:
        queues[file.source if _is_timed(file) else SOURCES[file.source].entity].append(file)
    which_is_next = [name for name, queue in queues.items() for _ in queue]
    rng.shuffle(which_is_next)
    of_each = {name: iter(queue) for name, queue in queues.items()}
    return renamed([next(of_each[name]) for name in which_is_next])


def _is_timed(file: File) -> bool:
    return SOURCES[file.source].entity in ("events", "clicks")


def write_files(shape: Shape, sources: Sequence[str] = SHIPPED) -> list[File]:
    """Two to four files a source, in any order."""
    rng = random.Random(shape.seed)
    entities = [SOURCES[source].entity for source in sources]
    files = []
    for source, entity in zip(sources, entities, strict=True):
        sender = Sender(source, shape, rng)
        share = shape.records // len(set(entities)) // entities.count(entity)
        ends = sorted([rng.randint(0, share) for _ in range(rng.randint(1, 3))] + [share])
        for start, end in zip([0, *ends], ends, strict=False):
            files.append(sender.file(end - start))
    rng.shuffle(files)
    if rng.random() < 0.5:
        # now and then the very same bytes again
        files.insert(rng.randint(0, len(files)), rng.choice(files))
    return renamed(files)


def renamed(files: Sequence[File]) -> list[File]:
    """The files with names that sort as they stand."""
    return [
        replace(file, name=f"{number:03}.{file.name.rpartition('.')[2]}")
        for number, file in enumerate(files)
    ]


# ----------------------------------------------------------------------------------------- senders


class Sender:
    """Writes the files of one source, and remembers what it sent."""

    def __init__(self, source: str, shape: Shape, rng: random.Random) -> None:
        self._source = source
        self._shape = shape
        self._rng = rng
        self._sent: list[Record | str | bytes] = []
        self._fields = _FIELDS[SOURCES[source].entity](shape)

    def file(self, records: int) -> File:
        endings = [".csv", ".csv", ".ndjson"] if self._source == "plant" else [".ndjson", ".json"]
        ending = self._rng.choice(endings)
        if ending != ".csv":
            as_array = ending == ".json"
            return File(
                self._source,
                ending,
                tuple(self._json(self._next(as_array), as_array) for _ in range(records)),
            )
        header = list(SOURCES[self._source].fields.values())
        if self._rng.random() < 0.3:
            self._rng.shuffle(header)
        if self._rng.random() < 0.2:
            header.remove("timestamp")
        return File(
            self._source,
            ending,
            tuple(self._csv(header, self._next(False)) for _ in range(records)),
            ",".join(header),
        )

    def _next(self, in_array: bool) -> Record | str | bytes:
        """What comes next: something new, or something that was sent before."""
        if self._sent and self._chance(self._shape.repeat_share):
            repeated = self._rng.choice(self._sent[-200:])
            if isinstance(repeated, dict) or not in_array:
                return repeated
        written = self._new(in_array)
        self._sent.append(written)
        return written

    def _new(self, in_array: bool) -> Record | str | bytes:
        if not self._chance(self._shape.bad_share):
            return self._record(bad=())
        if self._chance(15):
            # what is cut would take the rest of an array with it
            return self._rng.choice(_UNREADABLE if in_array else (*_UNREADABLE, *_CUT))
        names = list(self._fields)
        return self._record(bad=self._rng.sample(names, self._rng.choice([1, 1, 1, 2, 3])))

    def _record(self, bad: Sequence[str]) -> Record:
        names = SOURCES[self._source].fields
        record = {}
        for column, (good, wrong) in self._fields.items():
            value = (wrong if column in bad else good)(self._rng)
            if column == "status" and value is not _ABSENT and self._chance(40):
                value = {"status": value}
            if value is not _ABSENT:
                record[names[column]] = value
        if self._shape.deletion_share and self._chance(self._shape.deletion_share):
            column, word = DELETIONS[SOURCES[self._source].entity]
            record[names[column]] = word
        return record

    def _json(self, sent: Record | str | bytes, in_array: bool) -> bytes:
        """A record as one of the ways to write the same thing."""
        if isinstance(sent, bytes):
            return sent
        if isinstance(sent, str):
            return sent.encode()
        if self._chance(40):
            return _dump(sent, ", ", ": ", ascii_only=False).encode()
        members = list(sent.items())
        self._rng.shuffle(members)
        text = _dump(
            _shuffled(dict(members), self._rng),
            self._rng.choice([",", ", ", " , ", ",\n  " if in_array else ",\t"]),
            self._rng.choice([":", ": ", " :  "]),
            ascii_only=self._chance(50),
        )
        return (text if in_array or not self._chance(10) else f"  {text} ").encode()

    def _csv(self, header: Sequence[str], sent: Record | str | bytes) -> bytes:
        if isinstance(sent, bytes):
            return sent
        if isinstance(sent, str):
            # as a line of CSV it has too few or too many fields
            return sent.replace('"', "'").encode()
        return ",".join(self._cell(sent.get(name)) for name in header).encode()

    def _cell(self, value: Any) -> str:
        text = "" if value is None else value if isinstance(value, str) else _dump(value)
        if any(char in text for char in ',"\n\r') or self._chance(20):
            doubled = text.replace('"', '""')
            return f'"{doubled}"'
        return text

    def _chance(self, percent: int) -> bool:
        return self._rng.random() * 100 < percent


_UNREADABLE: Sequence[str | bytes] = (
    "nul",
    "{bad}",
    '{"key": }',
    "{'key': 1}",
    "5",
    '"text"',
    "[1, 2]",
    "null",
    b'{"key": "\xff", "name": 1}',
)
_CUT = ('{"key": "k1", "na', "[1, 2", '{"key": "k1"', "not json at all", '{"a": 1}}')


def _dump(value: Any, comma: str = ", ", colon: str = ": ", ascii_only: bool = False) -> str:
    """JSON text with these separators."""
    if isinstance(value, dict):
        members = (
            f"{json.dumps(name, ensure_ascii=ascii_only)}{colon}"
            f"{_dump(member, comma, colon, ascii_only)}"
            for name, member in value.items()
        )
        return "{" + comma.join(members) + "}"
    if isinstance(value, list):
        return "[" + comma.join(_dump(member, comma, colon, ascii_only) for member in value) + "]"
    if isinstance(value, _Bare):
        return str(value)
    return json.dumps(value, ensure_ascii=ascii_only)


def _shuffled(value: Any, rng: random.Random) -> Any:
    """The same with the keys of all objects in another order."""
    if isinstance(value, list):
        return [_shuffled(member, rng) for member in value]
    if not isinstance(value, dict):
        return value
    members = [(name, _shuffled(member, rng)) for name, member in value.items()]
    rng.shuffle(members)
    return dict(members)


# ------------------------------------------------------------------------------------------ values


def _one_of(*values: Any) -> Write:
    return lambda rng: rng.choice(values)


def _keys(shape: Shape) -> tuple[Write, Write]:
    odd = ["K1", " k1", "k1 ", "k 1", "ключ", "cle\u0301", "clé", 'a"b', "k,1", 17, "17", True, 1.5]
    plain = [f"k{number}" for number in range(shape.keys)]

    def good(rng: random.Random) -> Any:
        return rng.choice(odd) if rng.random() < 0.15 else rng.choice(plain)

    return good, _one_of(*_BLANKS)


_NUMBERS = (
    *(1, 1.0, "1", "1.0", " 1 ", "+1", 0.5, "0.5", ".5", "5.", "1e3", 1000, -3, "-3", 0, 49.99),
    *(1e300, 2**53 + 1, 12345678901234567890123, _Bare("1.10"), _Bare("1e3"), _Bare("-0")),
)
_NO_NUMBERS = (
    *("not_a_number", "NaN", "nan", "Infinity", "-inf", "1e400", "1_000", "1,5", "0x10", "+-1"),
    *(True, [1], {"a": 1}, "--1", "5e", _Bare("NaN"), _Bare("-Infinity"), _Bare("1e400")),
)
_NO_TIMES = (
    *("not a time", "2025-02-30", "2025-13-01", "10/01/2025", "epoch", "infinity", "now"),
    *(1736930000, "1736930000", "2025-01-15T25:00:00", "2025-01-15 noon", "0000-01-01"),
    *("2025-01-15T10:00:60", "2025-01-15T10", "20250115", {"at": "2025-01-15"}, True),
    *("2025-01-15T24:00:00", "0001-01-01T00:00:00+05:00", "2025-01-15 UTC"),
)


def _moments(shape: Shape) -> list[datetime]:
    """Moments of which several lie close together, the last as far ahead as is allowed."""
    rng = random.Random(shape.seed)
    steps = [timedelta(minutes=rng.choice([0, 1, 30, 60, 1440])) for _ in range(shape.moments)]
    moments = [
        NOW - timedelta(days=40) + sum(steps[:end], timedelta()) for end in range(len(steps))
    ]
    moments += [moments[0] + timedelta(milliseconds=500), NOW.replace(hour=0), NOW]
    return [*moments, NOW + timedelta(hours=24)] if rng.random() < 0.3 else moments


def _times(shape: Shape) -> Write:
    moments = _moments(shape)
    return lambda rng: notation(rng.choice(moments), rng)


def notation(moment: datetime, rng: random.Random) -> str:
    """One of the ways to write a moment that is in UTC, with or without an offset."""
    hours = rng.choice([0, 0, 2, -5, 14])
    local = moment + timedelta(hours=hours)
    separator = rng.choice("TTTt   ")
    day = f"{local:%Y-%m-%d}" if rng.random() < 0.7 else f"{local.year}-{local.month}-{local.day}"
    time = f"{local:%H:%M:%S}" if rng.random() < 0.8 else f"{local.hour}:{local:%M:%S}"
    if local.microsecond:
        time += f".{local.microsecond:06}".rstrip("0")
    elif local.second == 0 and rng.random() < 0.2:
        time = time[:-3]
    elif rng.random() < 0.2:
        time += rng.choice([".0", ".000000"])
    if hours:
        offset = rng.choice([f"{hours:+03}:00", f"{hours:+03}00", f"{hours:+03}"])
    else:
        offset = rng.choice(["", "", "Z", "z", "+00:00", "-00:00", "UTC", " UTC", " Z", " +00:00"])
    if time.startswith("00:00") and not local.microsecond and not offset and rng.random() < 0.5:
        return day
    text = f"{day}{separator}{time}{offset}"
    return rng.choice([f" {text} ", f"{text}\t", f"\xa0{text}"]) if rng.random() < 0.05 else text


def _bad_times(shape: Shape, optional: bool) -> Write:
    future = (NOW + timedelta(hours=24, seconds=1), NOW + timedelta(days=3650))

    def write(rng: random.Random) -> Any:
        if optional:
            return rng.choice(_NO_TIMES)
        if rng.random() < 0.3:
            return notation(rng.choice(future), rng)
        return rng.choice([*_NO_TIMES, *_BLANKS, *_BLANKS])

    return write


def _optional(write: Write) -> Write:
    return lambda rng: rng.choice(_BLANKS) if rng.random() < 0.4 else write(rng)


def _events(shape: Shape) -> dict[str, tuple[Write, Write]]:
    return {
        "key": _keys(shape),
        "name": (_one_of("signup", "Signup", "logout ", "größe", 7, "7", "2:x"), _one_of(*_BLANKS)),
        "value": (_one_of(*_NUMBERS), _one_of(*_NO_NUMBERS, *_BLANKS)),
        "ts": (_times(shape), _bad_times(shape, optional=False)),
    }


def _clicks(shape: Shape) -> dict[str, tuple[Write, Write]]:
    types = _one_of("page_view", "add_to_cart", "purchase", "search")
    no_types = ("Purchase", " purchase", "view", 1, ["purchase"])
    anything = _optional(_one_of("/", "/p?q=ä", "p-1", 1, {"a": [1, {"b": 2}]}))
    return {
        "event_id": _keys(shape),
        "event_timestamp": (_times(shape), _bad_times(shape, optional=False)),
        "event_type": (types, _one_of(*no_types, *_BLANKS)),
        "user_id": (_one_of("u-1", "u-2", 1, "1"), _one_of(*_BLANKS)),
        "page_url": (anything, anything),
        "product_id": (anything, anything),
    }


_STATUSES = (
    *("shipped", "returned", "Shipped", "grün", 1, 1.0, "1", "1.0", _Bare("1.00"), 2, True, "true"),
    *([1, 2], [2, 1], [1.0, 2], {}, [], {"a": 1, "b": {"c": [1, "x"], "d": None}}),
    *({"a": 1.0, "b": {"d": None, "c": [1, "x"]}}, {"a": "1", "b": {"c": [1, "x"], "d": None}}),
    *({"a": 1}, {"a": None}, {"a.b": 1}, {"a": {"b": 1}}, {"a": "1;$.b=2"}, {"a": 1, "b": 2}),
    *({"a": []}, {"a": {}}, {"a": "ARRAY"}, {"a": "NULL"}, {"": 0}, {'q"': "\\"}, "null", "[]"),
)


def _orders(shape: Shape) -> dict[str, tuple[Write, Write]]:
    # three are frequent in each example, so that sources agree and repeat themselves
    frequent = random.Random(shape.seed).sample(_STATUSES, 3)
    return {
        "order_id": _keys(shape),
        "status": (_one_of(*frequent * 10, *_STATUSES), _one_of(*_BLANKS)),
        "updated_at": (_optional(_times(shape)), _bad_times(shape, optional=True)),
    }


_VALUES = (
    *("21.50", 21.5, "21.51", "21.515", 21.49, " 21.5", "+21.5", "2150e-2", "21.4899999999"),
    *("1013.25", 1013.26, "1013.24", 0, "-0.005", "0.005", "0.01", "0.0100001", -0.0049),
)


def _measurements(shape: Shape) -> dict[str, tuple[Write, Write]]:
    start = random.Random(shape.seed).randint(0, len(_VALUES) - 3)
    frequent = _VALUES[start : start + 3]
    pressure = ("pressure", " Pressure", "PRESSURE ")
    return {
        "id": _keys(shape),
        "value": (_one_of(*frequent * 20, *_VALUES), _one_of(*_NO_NUMBERS, *_BLANKS)),
        "category": (
            _one_of(*pressure * 8, "flow", "Flow", "größe", "GRÖSSE", 5, "5"),
            _one_of(*_BLANKS),
        ),
        "timestamp": (_optional(_times(shape)), _bad_times(shape, optional=True)),
    }


_FIELDS: dict[str, Callable[[Shape], dict[str, tuple[Write, Write]]]] = {
    "events": _events,
    "orders": _orders,
    "clicks": _clicks,
    "measurements": _measurements,
}
