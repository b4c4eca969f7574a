"""Creates the views that all entities share before dbt has built anything.

dbt skips a view whose parents failed or were not selected, so on a new warehouse one entity
alone, or one broken entity, would leave ops.dead_letters and its like missing. Their SQL stays
where it belongs, in models/ops, and is rendered as dbt would (a test compares the two).
"""

from collections.abc import Collection
from dataclasses import replace
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from msgspec import structs

from loader.config.macros import Macros
from loader.config.project import Project

if TYPE_CHECKING:
    import duckdb

SHARED_VIEWS = (
    "raw_records",
    "decisions",
    "record_outcomes",
    "record_explanations",
    "dead_letters",
    "lineage",
    "unfinished_loads",
    "watermarks",
    "source_freshness",
    "schema_drift",
    "run_log",
    "run_report",
    "run_entities",
    "run_stages",
    "run_rollout",
    "run_warnings",
    "entity_states",
    "health_checks",
)

# The SQL of each view, and the names of the models that it refers to.
Rendered = dict[str, tuple[str, set[str]]]


def create_shared_views(connection: "duckdb.DuckDBPyConnection", project: Project) -> None:
    """Create those of SHARED_VIEWS that the warehouse lacks. dbt replaces them at each build."""
    existing = {
        name
        for (name,) in connection.execute(
            "select view_name from duckdb_views() where schema_name = 'ops'"
        ).fetchall()
    }
    if not existing.issuperset(SHARED_VIEWS):
        create_views(connection, project, "ops", existing=existing)


def create_views(
    connection: "duckdb.DuckDBPyConnection",
    project: Project,
    schema: str,
    entities: Collection[str] | None = None,
    existing: Collection[str] = (),
) -> None:
    """Create the shared views in a schema, each after those that it reads, but for those that
    exist.

    entities: those that they are made over, by default all. A view that reads targets is made over
    those that were built.
    """
    entities = project.entities if entities is None else entities
    tables = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts'"
    ).fetchall()
    built = [entity for entity in entities if (entity,) in tables]
    rendered = render_shared_views(project, entities)
    graph = {name: refs & rendered.keys() for name, (_, refs) in rendered.items()}
    for name in TopologicalSorter(graph).static_order():
        if name not in existing:
            sql, refs = rendered[name]
            if not refs.intersection(project.entities) <= set(built):
                sql, _ = render_shared_views(project, built, (name,))[name]
            connection.execute(f"create view {schema}.{name} as {sql}")


def render_shared_views(
    project: Project,
    entities: Collection[str] | None = None,
    names: Collection[str] = SHARED_VIEWS,
) -> Rendered:
    """The shared views, or some of them, over all entities or some."""
    targets = set(project.entities)
    if entities is not None:
        sources = {name: project.vars.sources[name] for name in entities}
        project = replace(project, vars=structs.replace(project.vars, sources=sources))
    refs: set[str] = set()

    def ref(model: str) -> str:
        refs.add(model)
        return f"{'marts' if model in targets else 'ops'}.{model}"

    macros = Macros(
        project.root,
        project.vars,
        ref=ref,
        source=lambda schema, table: f"{schema}.{table}",
    )
    rendered = {}
    for name in names:
        refs.clear()
        view = project.root / "models" / "ops" / f"{name}.sql"
        sql = macros.render(view.read_text(encoding="utf-8"))
        rendered[name] = (sql, set(refs))
    return rendered
