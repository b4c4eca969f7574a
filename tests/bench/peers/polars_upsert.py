"""Takes a file of events into events.parquet, the newest of each key; for a Python that has
polars. The shortest script that does so: it drops what it cannot read without a word."""

import sys
from pathlib import Path

import polars as pl

_TARGET = Path("events.parquet")
_EVENT = pl.Struct({"key": pl.String, "name": pl.String, "value": pl.String, "ts": pl.String})


def main() -> None:
    lines = pl.read_csv(
        sys.argv[1], has_header=False, separator="\x01", quote_char=None, new_columns=["line"]
    )
    given = (
        lines.filter(pl.col("line").str.ends_with("}"))
        .select(pl.col("line").str.json_decode(_EVENT))
        .unnest("line")
        .with_columns(
            pl.col("value").cast(pl.Float64, strict=False),
            pl.col("ts").str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False),
        )
        .filter(pl.col("key").is_not_null() & pl.col("ts").is_not_null())
    )
    held = [pl.read_parquet(_TARGET)] if _TARGET.exists() else []
    newest = (
        pl.concat([*held, given])
        .sort("ts", maintain_order=True)
        .unique("key", keep="last", maintain_order=True)
    )
    newest.write_parquet(_TARGET)


if __name__ == "__main__":
    main()
