"""Which time orders the records of a key, and which one makes a row stale."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hub.scaffold.additions import Guess
from hub.scaffold.guesses.drafts import Draft
from hub.scaffold.guesses.source_sample import SourceSample

_EVENT_TIMES = (
    (5, r"updated|modified|changed|last_change|lastmodified|geaendert|aktualisiert"),
    (4, r"event|occurred|happened|timestamp|ts|recorded|measured|logged|time|zeit|zeitpunkt|"
        r"zeitstempel|observed|received|taken|sampled|captured|seen|sent|reported"),
    (3, r"created|opened|ordered|placed|purchased|purchase|registered|date|datum|at|on|when|"
        r"inserted|erstellt|angelegt|signup|signed|joined|issued|paid|booked|posted|"
        r"published|order|invoice|bestellt"),
)  # fmt: skip
# they say what is planned, or never changes
_NO_EVENT_TIMES = re.compile(
    r"(?:^|_)(?:birth|birthday|birthdate|dob|born|geburt\w*|due|expir\w*|valid|until|end|ends|start|"
    r"starts|begin|deadline|planned|scheduled|delivery|deliver|eta|expected|from|to|next|cancel\w*|"
    r"closed|ablauf\w*|faellig\w*|check_in|check_out)(?:$|_)"
)


def event_time_of(
    drafts: Sequence[Draft], samples: Sequence[SourceSample]
) -> tuple[str | None, str]:
    """The column that orders records of one key, and what speaks for it, or against all."""
    key = drafts[0]
    times = [draft for draft in drafts[1:] if draft.type == "timestamp"]
    possible = [
        draft
        for draft in times
        if all(
            sample.source in draft.fields and _has_time_for_each(draft, key, sample.source)
            for sample in samples
        )
        and not any(map(_is_future, draft.texts))
    ]
    ranked = [(points, draft) for draft in possible if (points := _points_as_event_time(draft)) > 0]
    if (
        not ranked
        and len(times) == len(possible) == 1
        and not _NO_EVENT_TIMES.search(possible[0].name)
    ):
        return possible[0].name, f"the only time, filled in all records ({possible[0].filled})"
    if not ranked:
        return None, "no time is in all records and, by its name, tells when they changed"
    points, best = max(ranked, key=lambda each: each[0])
    count = best.filled
    return best.name, f"filled in all records ({count}), and its name tells when they changed"


def _points_as_event_time(draft: Draft) -> int:
    if _NO_EVENT_TIMES.search(draft.name):
        return 0
    for points, words in _EVENT_TIMES:
        if re.search(rf"(?:^|_)(?:{words})(?:$|_)", draft.name):
            return points
    return 0


def _has_time_for_each(draft: Draft, key: Draft, source: str) -> bool:
    """Whether a source says the time wherever it says the key."""
    times, keys = draft.fields[source], key.fields[source]
    return all(
        time is not None and time.strip() != ""
        for time, value in zip(times.values, keys.values, strict=True)
        if value is not None and value.strip() != ""
    )


def _is_future(text: str) -> bool:
    """Whether a time in the contract's own form lies ahead."""
    return text[:10] > f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}" and text[4:5] == "-"


def freshness_of(drafts: Sequence[Draft]) -> str | None:
    times = [draft for draft in drafts if draft.type == "timestamp"]
    best = max(times, key=_points_as_event_time, default=None)
    return best.name if best and _points_as_event_time(best) else None


def guess_of_time(event_time: str | None, why: str) -> Guess:
    if event_time is None:
        return Guess(
            "event time",
            "none",
            "records of a key are kept in the order of arrival",
            why,
            "write 'event_time' in the contract to order them by a column",
        )
    return Guess(
        "event time",
        event_time,
        "the later record of a key wins",
        why,
        "write 'event_time': none in the contract to let the last to arrive win",
    )
