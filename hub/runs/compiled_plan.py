"""The plan of a build: the statements that dbt compiled for it, kept for runs like it.

dbt is the author of every statement. A build of an ordinary increment leaves here what it sent to
the engine, and later runs of the same project send it again, without dbt.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from loader import __version__
from loader.config.project import Project
from loader.warehouse.leftovers import write_whole


@dataclass(frozen=True)
class Step:
    """What a build does for one node of dbt's graph.

    node_id:      dbt's unique id; name, kind: of the node (model, snapshot or test).
    entities:     those whose models it is or tests; none where it tests what entities share.
    transactions: the statements, by transaction. A test has one, of queries: the last gives in its
                  last column whether it failed; those before must find no rows.
    of_the_run:   queries of a test that look only at what the run did, and must find no rows
                  either; none where it has no such.
    """

    node_id: str
    name: str
    kind: str
    entities: tuple[str, ...]
    transactions: tuple[tuple[str, ...], ...]
    of_the_run: tuple[str, ...] = ()

    @property
    def is_test(self) -> bool:
        return self.kind == "test"


@dataclass(frozen=True)
class Counts:
    """The statements that count for the run log what the build of an entity did.

    of_the_run:  what it decided.
    in_full:     what the entity holds then.
    from_before: the same, from the counts of the run before; None where only a full count can tell.
    """

    of_the_run: str
    in_full: str
    from_before: str | None


@dataclass
class CompiledPlan:
    """The steps of builds, by entity.

    version:  of the hub, which may keep plans in another form.
    state:    what the project, its vars and versions and the relations are known by.
    catalog:  the database that the statements name.
    session:  statements that a connection needs first: the profile's settings and databases.
    start:    the transactions before the first node.
    chains:   the steps of each entity in dbt's order: its models and snapshots, and their tests.
    of_no_entity: the steps of models that belong to none; dbt builds them where it builds all
              entities. None where it has not done that yet.
    tests:    all data tests known, by node_id.
    counts:   what counts each entity.
    has_all_tests: whether `tests` has those of all entities.
    """

    version: str
    state: str
    catalog: str
    session: list[str] = field(default_factory=list)
    start: tuple[tuple[str, ...], ...] = ()
    chains: dict[str, list[Step]] = field(default_factory=dict)
    of_no_entity: list[Step] | None = None
    tests: dict[str, Step] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)
    has_all_tests: bool = False

    def covers(self, entities: tuple[str, ...], *, are_all: bool, proves_all: bool) -> bool:
        """Whether it has all steps of a build of these entities; see steps_of."""
        return (
            all(entity in self.chains and entity in self.counts for entity in entities)
            and (self.of_no_entity is not None or not are_all)
            and (self.has_all_tests or not proves_all)
        )

    def steps_of(
        self, entities: tuple[str, ...], *, are_all: bool, proves_all: bool
    ) -> Iterator[Step]:
        """The steps of a build of these entities.

        are_all:    whether the project has no others.
        proves_all: whether to test, of all entities, that nothing is lost, or only of those built.
        """
        done = set()
        for entity in entities:
            for step in self.chains[entity]:
                done.add(step.node_id)
                yield step
        if are_all:
            yield from self.of_no_entity or []
        for step in self.tests.values():
            if step.node_id not in done and (proves_all or {*step.entities} & {*entities}):
                yield step


def plan_file(project: Project) -> Path:
    """Where the plan is kept: beside what else dbt has compiled."""
    return project.root / "target" / "plan.json"


def read_plan(project: Project, state: str) -> CompiledPlan:
    """The plan for the project as it is; an empty one where there is none for it, or none that can
    be read.

    state: what the project is known by.
    """
    empty = CompiledPlan(__version__, state, project.database.stem)
    try:
        kept = msgspec.json.decode(plan_file(project).read_bytes(), type=CompiledPlan)
    except (OSError, msgspec.DecodeError):
        return empty
    is_ours = (kept.version, kept.state, kept.catalog) == (__version__, state, empty.catalog)
    return kept if is_ours else empty


def write_plan(project: Project, plan: CompiledPlan) -> None:
    """Keep the plan; whoever reads meanwhile finds the old one or the new one, whole."""
    write_whole(plan_file(project), msgspec.json.encode(plan))
