"""The part that measures what the project's models add to dbt's own cost."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.bench.findings import Finding, ratio
from tests.bench.measure import CommandFailed, Usage, in_turn
from tests.bench.session import Session
from tests.bench.trivial_project import kinds_of_nodes, write_trivial_project

# unit tests guard changes of the code; `hub run` leaves them out, too
_BUILD = ("build", "--exclude-resource-type", "unit_test")


def dbt_nothing_new(session: Session) -> list[Finding]:
    """`dbt build` with nothing new, against a trivial project with as many nodes."""
    bench, options = session.bench, session.options
    history = options.histories[0]
    bench.restore(session.history(history))
    bench.dbt(*_BUILD)

    trivial = bench.root / "trivial"
    kinds = kinds_of_nodes(bench.root / "target")
    write_trivial_project(trivial, kinds)

    def build(root: Path) -> Callable[[], Usage]:
        return lambda: bench.dbt(*_BUILD, folder=root)

    sides = ("dbt build", "trivial project")
    builds = dict(zip(sides, (build(bench.root), build(trivial)), strict=True))
    # the first build parses and makes the tables
    for side in builds.values():
        side()
    if kinds_of_nodes(trivial / "target") != kinds:
        raise CommandFailed(f"the trivial project in {trivial} has other nodes than {kinds}")
    measured = in_turn(options.repeat, builds)
    what = "CPU of dbt build to a project that does nothing"
    found = ratio("dbt-nothing-new", what, history, measured, sides, 1.2)
    return [replace(found, sides=found.sides | {"nodes": dict(kinds)})]
