"""When a run counts and proves all that there is, and not only what it did itself."""

import duckdb

from loader.config.project import Project

# dbt counts after a run that failed; a redrive and a discard change what the last counts say. None
# where nothing was ever counted
_DUE = """
with last_counts as (
    select
        run_id,
        amount
    from ops.run_counts
    where entity = $entity
        and measure = 'runs since all was counted'
    order by run_id desc
    limit 1
)

select
    last_counts.amount + 1 >= $every
    or exists (
        select 1 from ops.discards
        where entity = $entity
            and discarded_at >= last.started_at
    )
    or exists (
        select 1 from ops.redrive_requests
        where entity = $entity
            and completed_at is null
    )
from last_counts
inner join ops.runs as last
    on last.run_id = last_counts.run_id
"""


def is_full_count_due(
    connection: duckdb.DuckDBPyConnection, project: Project, entities: tuple[str, ...]
) -> bool:
    """Whether a run that builds these entities by the compiled plan must count and prove all: every
    Nth run does (`vars: full_count_every`), and whenever letters were redriven or discarded."""
    every = project.vars.full_count_every
    for entity in entities:
        found = connection.execute(_DUE, {"entity": entity, "every": every}).fetchone()
        if found is None or found[0]:
            return True
    return False
