"""Makes the records that the benchmark lands: the same ones for the same numbers, on any machine.

Of each 100 events 3 repeat an earlier row to the letter, 5 update the key of an earlier row (a
third of them with an older time), 2 are invalid: without a key, without a name, with a value or a
time that is none, cut off; each in turn. The rest are new. A line has about 95 bytes.
"""

import hashlib
import os
import sys
from pathlib import Path

from tests.bench import PROJECT, measure


def dataset(work: Path, shape: str, form: str, first: int, count: int, history: int = 0) -> Path:
    """A file with the rows first .. first + count - 1 of an endless sequence, kept for next time.

    shape:   events, alpha or beta.   form: ndjson, csv or parquet.
    history: for events, how many rows came before in other files. Of these rows then 4.5 % update
             keys of those, so that with the repeats 7.5 % hit a key that is there.
    """
    # records that were made by other code than this are no longer asked for
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    path = work / f"data-{version}" / f"{shape}-{first}-{count}-{history}.{form}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        numbers = (str(first), str(count), str(history))
        command = (sys.executable, "-m", __name__, shape, form, *numbers, path)
        measure.run(command, PROJECT, os.environ)
    return path


def main() -> None:
    """Write one file: aside first, so that a file under its own name is whole."""
    shape, form = sys.argv[1:3]
    first, count, history = map(int, sys.argv[3:6])
    path = Path(sys.argv[6])

    import duckdb

    unfinished = path.with_suffix(".part")
    if shape == "events":
        rows = _events(first, count, history)
        line = _EVENT_LINE
    else:
        rows = _orders(shape, first, count)
        line = _ORDER_LINES[shape]
    if form == "ndjson":
        # one column, and no quotes: each line as it is
        rows = f"select {line} as line from ({rows})"
        options = "format csv, header false, quote '', escape '', delimiter e'\\x01'"
    else:
        rows = f"select * exclude (draw, is_cut) from ({rows})"
        options = "format csv, header true" if form == "csv" else "format parquet"
    duckdb.execute(f"copy ({rows}) to '{unfinished}' ({options})")
    unfinished.rename(path)


# A number is drawn for each row from the digest of its own number: the sequence is the same in
# whatever pieces it is made, and in every version of the engine.
_DRAW = "cast(md5_number_lower(cast({} as varchar)) >> 2 as bigint)"

# An odd factor spreads the numbers over all keys of ten hexadecimal digits, none twice.
_SPREAD = 678_152_731_583

_NAMES = (
    *("page_view", "user_signup", "purchase", "logout", "api_call", "search, paged"),
    *("add_to_cart", "video_started", "video_finished", "refund", "invite_sent", "profile_edit"),
)

# slots (the last two digits of a row's number) 33, 66, 99 repeat; 10, 30, 50, 70, 90 update;
# 20 and 80 are invalid; the digits 1, 2, 4, 5, 7, 8 are always new rows, which updates aim at
_REPEATED_SLOT = "draw % 97 + cast(draw % 97 >= 33 as int) + cast(draw % 97 >= 65 as int)"
_UPDATED_SLOT = "10 * (draw // 7 % 10) + [1, 2, 4, 5, 7, 8][1 + draw // 70 % 6]"


def _events(first: int, count: int, history: int) -> str:
    return f"""
        with numbered as (
            select number, number % 100 as slot, {_DRAW.format("number")} as draw
            from range({first}, {first + count}) as numbers(number)
        ),
        originals as (
            select case when slot in (33, 66, 99)
                then 100 * (draw // 97 % greatest(number // 100, 1)) + {_REPEATED_SLOT}
                else number end as number
            from numbered
        ),
        drawn as (
            select
                number,
                {_DRAW.format("number")} as draw,
                -- rows that come after a history have 45 updates in 1,000, others 50
                number % 20 = 10 and (number < {history or first + count} or number % 1000 < 900)
                    as is_update,
                case when number % 100 in (20, 80) then number // 100 % 5 end as fault
            from originals
        ),
        aimed as (
            select
                drawn.*,
                case when is_update then
                    100 * (
                        draw // 420 % greatest(
                            least(number, {history or first + count}) // 100, 1
                        )
                    ) + {_UPDATED_SLOT}
                end as target
            from drawn
        )
        select
            case when fault = 0 then '' else concat('evt-', lpad(
                lower(hex(coalesce(target, number)::hugeint * {_SPREAD} % {2**40})), 10, '0'
            )) end as key,
            case when fault is distinct from 1
                then ['{"', '".join(_NAMES)}'][1 + draw % {len(_NAMES)}] end as name,
            case when fault = 2 then 'not_a_number'
                else cast(cast(draw // 12 % 100000 / 100 as decimal(9, 2)) as varchar) end as value,
            case when fault = 3 then 'yesterday' else strftime(
                timestamp '2024-01-01' + to_seconds(
                    -- they arrive up to ten minutes after they happened
                    case when draw % 3 = 0 then coalesce(target - 86400, number) else number end
                    - draw // 5 % 600
                ),
                '%Y-%m-%dT%H:%M:%S'
            ) end as ts,
            draw,
            fault is not distinct from 4 as is_cut
        from aimed
    """


_EVENT_LINE = """
    left(
        concat(
            '{"key": "', key, '", "name": ', coalesce('"' || name || '"', 'null'),
            ', "value": ', case when value like 'n%' then concat('"', value, '"') else value end,
            ', "ts": "', ts, '"}'
        ),
        case when is_cut then 60 else 1000 end
    )
"""


def _orders(shape: str, first: int, count: int) -> str:
    """Orders of one shop. Both shops know four orders of five, and often agree on the status."""
    skipped = 0 if shape == "alpha" else 1
    return f"""
        with drawn as (
            select number, {_DRAW.format(f"concat('{shape}', number)")} as draw
            from range({first}, {first + count}) as numbers(number)
        )
        select
            case when draw % 100 = 0 then '' else concat('order-', lpad(cast(
                case when draw % 20 = 1 then number // 2 else number end // 4 * 5
                + (number % 4 + {skipped}) as varchar), 10, '0')) end as order_id,
            ['pending', 'shipped', 'delivered'][
                1 + case when draw % 10 < 7 then number % 3 else draw // 10 % 3 end
            ] as status,
            case when draw % 2 = 0 then strftime(
                timestamp '2024-01-01' + to_seconds(number), '%Y-%m-%dT%H:%M:%SZ'
            ) end as updated_at,
            draw,
            draw % 100 = 50 as is_cut
        from drawn
    """


def _order_line(key: str, status: str) -> str:
    return f"""
        left(
            concat(
                '{{"{key}": "', order_id, '", "{status}": "', status, '"',
                case when updated_at is not null
                    then concat(', "timestamp": "', updated_at, '"') end,
                '}}'
            ),
            case when is_cut then 30 else 1000 end
        )
    """


_ORDER_LINES = {
    "alpha": _order_line("uid", "data"),
    "beta": _order_line("identifier", "payload"),
}

if __name__ == "__main__":
    main()
