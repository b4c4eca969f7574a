"""Tries an adapter and a contract on sample records, with the macros that a build would use."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from loader.config.macros import Macros
from loader.config.project_vars import read_vars
from loader.config.reading import read_yaml


@dataclass(frozen=True)
class Trial:
    """What an adapter and a contract make of sample records.

    columns:  those of the contract.
    rows:     what the adapter gives for them, a row per record.
    rejected: how many records there would be of each reason.
    refused:  how many records would be rejected.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    rejected: Mapping[str, int]
    refused: int

    @property
    def accepted(self) -> int:
        """How many records would be accepted."""
        return len(self.rows) - self.refused


def try_records(
    root: Path, entity: str, adapter: str, texts: Sequence[str], nulls: Sequence[str]
) -> Trial:
    """Adapt and check records by the files of the project in the folder `root`.

    adapter: the text of the adapter.   texts: of records that can be read.
    nulls:   the texts that mean nothing to the source.
    Raises WrongUse where a macro refuses.
    """
    project_vars = read_vars(read_yaml(root / "dbt_project.yml", "dbt_project.yml").get("vars"))
    macros = Macros(root, project_vars, source=lambda *names: "sample")
    macros.replace("tombstone_sources", lambda *arguments: [])
    contract = macros.call("contract", entity)
    names = tuple(contract["columns"])
    reasons = macros.call("contract_reasons", entity)
    staged = ", ".join(
        f"{macros.call('staged_text', contract, name, 'adapted')} as staged_{name}"
        for name in names
    )
    typed = ", ".join(
        f"{macros.call('typed_value', f'staged_{name}', contract['columns'][name])} as {name}"
        for name in names
    )
    fails = ", ".join(f"coalesce({reason['fails']}, false)" for reason in reasons)
    now = macros.call("utc_now")
    with duckdb.connect() as connection:
        connection.execute("pragma disable_optimizer")
        connection.execute("create schema ops")
        for function in macros.call("functions"):
            connection.execute(
                f"create macro ops.{function['name']}({function['arguments']}) "
                f"as ({function['sql']})"
            )
        connection.execute(
            "create table sample as select 1 as load_id, unnest(range(1, len(texts) + 1)) as "
            "row_number, unnest(texts) as record, null::varchar as problem, null::varchar as "
            "position from (select ?::varchar[] as texts)",
            [list(texts)],
        )
        # a table each: in one statement the engine would plan every expression many times over
        connection.execute(f"create table adapted as {macros.render(adapter)}")
        connection.execute(
            "create table settings as select 'UTC' as timezone, ?::varchar[] as null_texts",
            [list(nulls) or None],
        )
        connection.execute(
            f"create table staged as select row_number, {staged} from adapted cross join settings"
        )
        connection.execute(
            f"create table typed as select staged.*, {typed}, {now} as run_clock "
            "from staged cross join settings"
        )
        rows = connection.execute(
            f"select {', '.join(names)} from adapted order by row_number"
        ).fetchall()
        failed = connection.execute(f"select [{fails}] from typed").fetchall()
    rejected = Counter(
        reason["name"]
        for (outcomes,) in failed
        for reason, fails_it in zip(reasons, outcomes, strict=True)
        if fails_it
    )
    return Trial(names, tuple(rows), rejected, sum(any(outcomes) for (outcomes,) in failed))
