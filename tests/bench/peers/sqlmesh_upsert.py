"""Takes a file of events into warehouse.duckdb with a model of SQLMesh that is incremental by its
key; for a Python that has SQLMesh. On DuckDB such a model compares nothing with the table."""

import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmesh import Context

_CONFIG = """
gateways: {duckdb: {connection: {type: duckdb, database: warehouse.duckdb}}}
default_gateway: duckdb
model_defaults: {dialect: duckdb}
disable_anonymized_analytics: true
"""
_MODEL = """
model (
    name main.events,
    kind incremental_by_unique_key (unique_key key),
    start '2020-01-01'
);

select key::varchar as key, name::varchar as name, value::double as value, ts::timestamp as ts
from (
    select *, row_number() over (partition by key order by ts desc) as place
    from read_json(
        'incoming.ndjson',
        format = 'newline_delimited',
        ignore_errors = true,
        columns = {'key': 'varchar', 'name': 'varchar', 'value': 'double', 'ts': 'timestamp'}
    )
    where key is not null
) as readable
where place = 1
"""


def main() -> None:
    shutil.copyfile(sys.argv[1], "incoming.ndjson")
    if not Path("config.yaml").exists():
        Path("config.yaml").write_text(_CONFIG)
        Path("models").mkdir()
        Path("models/events.sql").write_text(_MODEL)
        Context(paths=".").plan(auto_apply=True, no_prompts=True)
        return
    # a model is due once a day
    later = datetime.now(UTC) + timedelta(days=2)
    if Context(paths=".").run(ignore_cron=True, execution_time=later).is_failure:
        sys.exit("SQLMesh: the model failed")


if __name__ == "__main__":
    main()
