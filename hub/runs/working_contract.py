"""Compiles what the project's files say now, for a comparison with what is stored."""

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hub.runs.dbt import invoke
from loader.config.adapter_digest import AdapterDigests
from loader.config.project import Project
from loader.config.sources import Source
from loader.errors import HubError
from loader.warehouse.tables import settings_of


@dataclass(frozen=True)
class WorkingContract:
    """A contract as it is written now.

    check_sql: a query that checks every landed record against it: record_id, reasons, explanation
               and more. It reads the loader's tables only, no model, so none need be built.
    """

    version: str
    check_sql: str


def working_contract(project: Project, entity: str, sources: Iterable[Source]) -> WorkingContract:
    """The contract of an entity and the adapters of these sources, compiled by dbt.

    Raises HubError where they do not compile.
    """
    with tempfile.TemporaryDirectory(prefix="hub-contract-") as folder:
        # dbt wants a database to write to; names depend on the file's name only
        scratch = replace(project, database=Path(folder) / project.database.name)
        parsed = _parsed(scratch)
        listed = list(sources)
        digests = AdapterDigests(project.root)
        printed: list[str] = []

        def keep(event: Any) -> None:
            if event.info.name == "PrintEvent":
                printed.append(event.info.msg)

        arguments = {
            "entity": entity,
            "adapters": _adapters(scratch, listed, parsed),
            "settings": [settings_of(source, digests) for source in listed],
        }
        outcome = invoke(
            scratch,
            [
                "run-operation",
                "print_full_check",
                "--args",
                json.dumps(arguments),
                *_aside(scratch),
            ],
            {},
            keep,
            parsed,
        )
        if not outcome.success or not printed:
            raise _does_not_compile(f"contract of {entity}", outcome, f"contracts/{entity}.sql")
        return WorkingContract(**json.loads(printed[-1]))


def _aside(scratch: Project) -> list[str]:
    """Arguments that keep dbt's own files out of the project."""
    return ["--target-path", str(scratch.database.parent / "target")]


def _parsed(scratch: Project) -> Any:
    outcome = invoke(scratch, ["parse", *_aside(scratch)], {}, lambda event: None)
    if not outcome.success:
        raise _does_not_compile("the project", outcome, "the file that it names")
    return outcome.result


def _adapters(scratch: Project, sources: list[Source], parsed: Any) -> dict[str, str]:
    """The compiled SQL of the sources' adapters, by source."""
    if not sources:
        return {}
    models = {source.adapter.stem: source.name for source in sources}
    outcome = invoke(
        scratch,
        ["compile", "--select", *models, "--no-populate-cache", *_aside(scratch)],
        {},
        lambda event: None,
        parsed.deepcopy(),
    )
    if not outcome.success:
        raise _does_not_compile(f"adapters {', '.join(models)}", outcome, "models/staging")
    return {models[result.node.name]: result.node.compiled_code for result in outcome.result}


def _does_not_compile(where: str, outcome: Any, file: str) -> HubError:
    failed = [str(result.message) for result in outcome.result or () if result.message]
    what = str(outcome.exception or "; ".join(failed))
    return HubError(where, f"it does not compile ({' '.join(what.split())})", f"Correct {file}.")
