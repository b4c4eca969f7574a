"""When a run counts and proves all that there is, and not only what it did itself."""

import duckdb

from hub.runs.execute import Counting
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
    last_counts.amount + 1 >= $every as is_due,
    exists (
        select 1 from ops.discards
        where entity = $entity
            and discarded_at >= last.started_at
    )
    or exists (
        select 1 from ops.redrive_requests
        where entity = $entity
            and completed_at is null
    ) as is_changed
from last_counts
inner join ops.runs as last
    on last.run_id = last_counts.run_id
"""


def counting_of(
    connection: duckdb.DuckDBPyConnection, project: Project, entities: tuple[str, ...]
) -> Counting:
    """How much a run must count and prove that builds these entities by the compiled plan: all in
    every Nth run (`vars: full_count_every`), and where letters were redriven or discarded."""
    counting = Counting.OF_THE_RUN
    for entity in entities:
        found = connection.execute(
            _DUE, {"entity": entity, "every": project.vars.full_count_every}
        ).fetchone()
        is_due, is_changed = found or (True, True)
        if is_changed:
            return Counting.IN_FULL
        if is_due:
            counting = Counting.AS_PROOF
    return counting
