"""Takes the compiled plan from what dbt sends to the engine while it builds an increment."""

import re
from collections import defaultdict
from typing import Any

import yaml

from hub.runs.compiled_plan import CompiledPlan, Counts, Step
from loader.config.project import Project

# what the macros of this project do before and after a build; see dbt_project.yml
_COUNTING = "operation.hub.hub-on-run-end-0"
_OUR_HOOKS = {
    "operation.hub.hub-on-run-start-0",
    "operation.hub.hub-on-run-start-1",
    _COUNTING,
    "operation.hub.hub-on-run-end-1",
}
# what a connection of this process can be made like
_PROFILE_KEYS = {"type", "path", "schema", "threads", "settings", "attach"}
_COMMENT = re.compile(r"\s*(/\*.*?\*/|--[^\n]*\n)\s*", re.DOTALL)
# a question that a test asks before it is compiled: were there rows, it would be another test
_ASKED_BEFORE = "-- no rows where all is well"
# how macros/dbt/hand_to_plan.sql says a statement that dbt does not carry out
_HANDED = "for the plan: "
_COUNTING_LINE = re.compile(r"^\s*-- (counts of [^\n]+)", re.MULTILINE)

_Transactions = tuple[tuple[str, ...], ...]


class Capture:
    """Listens to a build that dbt makes, and puts its statements into a plan."""

    def __init__(self) -> None:
        self._sent: defaultdict[str, list[str]] = defaultdict(list)
        self._handed: defaultdict[str, dict[str, str]] = defaultdict(dict)

    def listen(self, event: Any) -> None:
        """Take note of a statement: an event of dbt's."""
        if event.info.name == "SQLQuery":
            self._sent[event.data.node_info.unique_id].append(event.data.sql)
        elif event.info.name == "JinjaLogDebug" and event.data.msg.startswith(_HANDED):
            name, _, statement = event.data.msg.removeprefix(_HANDED).partition("\n")
            self._handed[event.data.node_info.unique_id][name] = statement

    def complete(
        self,
        plan: CompiledPlan,
        project: Project,
        results: list[Any],
        *,
        are_all: bool,
        proves_all: bool,
    ) -> bool:
        """Put what was sent into the plan, instead of what it has of the same entities. False where
        the project has something that only dbt can do, such as a hook of its own.

        results:    dbt's, of the nodes of a build that succeeded.
        are_all:    whether all entities were built.
        proves_all: whether all entities were tested, or only those built.
        """
        session = _session(project)
        steps = self._steps(plan, project, results)
        has_mixed_models = any(len(step.entities) > 1 and not step.is_test for step in steps)
        operations = {node for node in self._sent if node.startswith("operation.")}
        if session is None or has_mixed_models or operations - _OUR_HOOKS:
            return False
        plan.session = session
        plan.start = _transactions(self._sent[""])
        for entity in {each for step in steps if not step.is_test for each in step.entities}:
            plan.chains[entity] = [step for step in steps if step.entities == (entity,)]
        if are_all:
            plan.of_no_entity = [step for step in steps if not step.entities and not step.is_test]
        plan.tests |= {
            step.node_id: step
            for step in steps
            # of a test of others it is not known any better than before
            if step.is_test and (step.entities or step.node_id not in plan.tests)
        }
        plan.counts |= self._counts(project)
        plan.has_all_tests = plan.has_all_tests or proves_all
        return True

    def _steps(self, plan: CompiledPlan, project: Project, results: list[Any]) -> list[Step]:
        tags = {step.node_id: step.entities for chain in plan.chains.values() for step in chain}
        tags |= {result.node.unique_id: tuple(result.node.tags) for result in results}
        steps = []
        for node in (result.node for result in results):
            # hooks speak of the run that they are of; what they count is taken apart from them
            if node.resource_type == "operation":
                continue
            # the file of a seed and the view of a history are as they were
            if node.resource_type == "seed" or getattr(node.config, "strategy", "") == "states":
                continue
            sent = self._sent[node.unique_id]
            is_test = node.resource_type == "test"
            # a test is of the entities whose models it reads
            read = {tag for parent in node.depends_on.nodes for tag in tags.get(parent, ())}
            carried = read if is_test else node.tags
            entities = tuple(entity for entity in project.entities if entity in carried)
            steps.append(
                Step(
                    node.unique_id,
                    node.name,
                    str(node.resource_type),
                    entities,
                    (_queries(sent),) if is_test else _transactions(sent),
                    tuple(self._handed[node.unique_id].values()),
                )
            )
        return steps

    def _counts(self, project: Project) -> dict[str, Counts]:
        """The statements that count, by entity."""
        sent = self._sent[_COUNTING]
        found = ((_COUNTING_LINE.search(statement), statement) for statement in sent)
        named = {match[1]: statement for match, statement in found if match}
        handed = self._handed[_COUNTING]
        return {
            entity: Counts(
                named[name], named[f"{name}, in full"], handed.get(f"{name}, from before")
            )
            for entity in project.entities
            if (name := f"counts of {entity}") in named
        }


def _queries(sent: list[str]) -> tuple[str, ...]:
    """The query of a test, after those that it asks before."""
    return (*(query for query in sent[:-1] if _ASKED_BEFORE in query), sent[-1])


def _transactions(sent: list[str]) -> _Transactions:
    """The statements that change something, as they are committed together. What dbt asks the
    engine to find its way is left out, and so are comments, which stand."""
    found: list[tuple[str, ...]] = []
    together: list[str] | None = None
    for statement in sent:
        word = _bare(statement)
        if word == "begin":
            together = []
        elif word == "commit":
            found += [tuple(together)] if together else []
            together = None
        elif not word.startswith(("select", "describe", "comment")):
            if together is None:
                found.append((statement,))
            else:
                together.append(statement)
    return tuple(found)


def _bare(statement: str) -> str:
    """The beginning of a statement, without the comments before it."""
    start = 0
    while comment := _COMMENT.match(statement, start):
        start = comment.end()
    return statement[start : start + 20].strip().rstrip(";").lower()


def _session(project: Project) -> list[str] | None:
    """What makes a connection what the profile wants; None where it wants more than that."""
    try:
        profile = yaml.safe_load((project.root / "profiles.yml").read_text())["hub"]
        output = profile["outputs"][profile["target"]]
        databases = output.get("attach", [])
        if {*output} - _PROFILE_KEYS or any({*each} != {"path", "alias"} for each in databases):
            return None
    # dbt could make something of it
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return None
    statements = [f"set {name} = '{value}'" for name, value in output.get("settings", {}).items()]
    statements += [f"attach '{each['path']}' as {each['alias']}" for each in databases]
    return None if "{{" in "".join(statements) else statements
