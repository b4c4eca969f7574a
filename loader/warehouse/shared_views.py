"""Creates the views that all entities share before dbt has built anything.

dbt skips a view whose parents failed or were not selected, so on a new warehouse one entity
alone, or one broken entity, would leave ops.dead_letters and its like missing. Their SQL stays
where it belongs, in models/ops, and is rendered as dbt would (a test compares the two).
"""

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from loader.config.project import Project
from loader.warehouse.project_macros import ProjectMacros

if TYPE_CHECKING:
    import duckdb

SHARED_VIEWS = (
    "decisions",
    "record_outcomes",
    "dead_letters",
    "lineage",
    "unfinished_loads",
    "watermarks",
    "source_freshness",
    "schema_drift",
    "run_log",
    "run_report",
)


def create_shared_views(connection: "duckdb.DuckDBPyConnection", project: Project) -> None:
    """Create those of SHARED_VIEWS that the warehouse lacks. dbt replaces them at each build."""
    existing = {
        name
        for (name,) in connection.execute(
            "select view_name from duckdb_views() where schema_name = 'ops'"
        ).fetchall()
    }
    if existing.issuperset(SHARED_VIEWS):
        return
    rendered = render_shared_views(project)
    graph = {name: refs & rendered.keys() for name, (_, refs) in rendered.items()}
    for name in TopologicalSorter(graph).static_order():
        if name not in existing:
            connection.execute(f"create view ops.{name} as {rendered[name][0]}")


def render_shared_views(project: Project) -> dict[str, tuple[str, set[str]]]:
    """The SQL of each shared view, and the names of the models that it refers to."""
    refs: set[str] = set()

    def ref(model: str) -> str:
        refs.add(model)
        return f"ops.{model}"

    macros = ProjectMacros(project, ref)
    rendered = {}
    for name in SHARED_VIEWS:
        refs.clear()
        view = project.root / "models" / "ops" / f"{name}.sql"
        sql = macros.render(view.read_text(encoding="utf-8"))
        rendered[name] = (sql, set(refs))
    return rendered
