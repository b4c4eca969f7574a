"""Where the CPU of a `hub run` goes: the process itself, landing, each dbt node, the receipt."""

import json
import time
from collections.abc import Callable
from typing import Any

from tests.bench.findings import Finding
from tests.bench.measure import Usage
from tests.bench.session import Session

# the steps of a run that take time, and what the table calls them
_STEPS = {
    "open_project": "reading the settings",
    "land": "landing",
    "execute": "the plan between its steps",
    "build_state": "looking for changes",
    "receipt": "receipt",
}

# what takes a smaller share than this is summed up
_SMALL = 0.004


def profile(session: Session) -> list[Finding]:
    """Print where the CPU of a first load goes, and that of an increment; finds no figures."""
    bench, options = session.bench, session.options
    bench.empty()
    bench.drop("app", bench.file("events", "ndjson", 0, options.records))
    _print(f"first load of {options.records:,} events", bench.python("-m", __name__))

    history = options.histories[0]
    bench.restore(session.history(history))
    bench.drop("app", bench.file("events", "ndjson", history, options.batch, history))
    _print(f"{options.batch:,} events onto {history:,}", bench.python("-m", __name__))
    return []


def _print(what: str, usage: Usage) -> None:
    spent: dict[str, float] = json.loads(usage.output)
    total = sum(spent.values())
    print(f"\nCPU of hub run, {what}: {total:.2f} s")
    rest = {name: seconds for name, seconds in spent.items() if seconds < total * _SMALL}
    shown = {name: seconds for name, seconds in spent.items() if name not in rest}
    shown[f"{len(rest)} others together"] = sum(rest.values())
    for name, seconds in sorted(shown.items(), key=lambda entry: -entry[1]):
        print(f"{seconds:8.2f} s {seconds / total:6.1%}  {name}")


class _Clock:
    """The CPU seconds of this process, all threads together, each counted for one name."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {"starting Python": time.process_time()}
        self._names = ["importing the loader"]
        self._since = time.process_time()

    def enter(self, name: str) -> None:
        """What comes now counts for this name, until leave()."""
        self._count()
        self._names.append(name)

    def leave(self) -> None:
        """What comes now counts for the name before."""
        self._count()
        self._names.pop()

    def attribute(self, name: str) -> None:
        """What came since the last change counts for this name."""
        self._names.append(name)
        self.leave()

    def _count(self) -> None:
        now = time.process_time()
        name = self._names[-1]
        self.spent[name] = self.spent.get(name, 0) + now - self._since
        self._since = now

    def around(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, its time counted for a name."""

        def counted(*arguments: Any, **options: Any) -> Any:
            self.enter(name)
            try:
                return work(*arguments, **options)
            finally:
                self.leave()

        return counted

    def around_steps(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same function of a connection and a step of the plan, or the name of one, and more;
        counted for the step."""

        def counted(connection: Any, step: Any, *more: Any) -> Any:
            name = step if isinstance(step, str) else step.name
            return self.around(name, work)(connection, step, *more)

        return counted


def _watched(clock: _Clock, build: Callable[..., Any]) -> Callable[..., Any]:
    """The same build by dbt, its time counted for dbt's nodes."""

    def watch(event: Any) -> None:
        # one node at a time: the profile has one thread
        if event.info.name == "NodeStart":
            clock.enter(event.data.node_info.unique_id)
        elif event.info.name == "NodeFinished":
            clock.leave()
        elif event.info.name == "FoundStats":
            clock.attribute("dbt reading the project")
        elif event.info.name == "LogHookEndLine":
            # its queries ran while its SQL was made, before dbt says that it starts
            clock.attribute(event.data.statement)

    def watched(*arguments: Any) -> Any:
        clock.enter("importing dbt")
        from dbt.cli import main as dbt_main

        class Watched(dbt_main.dbtRunner):
            def __init__(self, manifest: Any = None, callbacks: Any = None) -> None:
                super().__init__(manifest, [*(callbacks or []), watch])

        dbt_main.dbtRunner = Watched  # type: ignore[misc]
        clock.leave()
        return clock.around("dbt between its nodes", build)(*arguments)

    return watched


def main() -> None:
    """Run the hub and print what each step and node took, in CPU seconds."""
    clock = _Clock()
    clock.enter("importing the loader")
    from hub.commands import runs
    from hub.runs import execute
    from hub.runs import run as one_run
    from loader.config import project

    clock.leave()
    # the hub has no such hooks of its own: nobody but this needs them
    one_run.build = _watched(clock, one_run.build)
    execute._carry_out = clock.around_steps(execute._carry_out)
    execute.failures_of = clock.around_steps(execute.failures_of)
    for name, shown in _STEPS.items():
        owner: Any = {"open_project": project, "land": runs}.get(name, one_run)
        setattr(owner, name, clock.around(shown, getattr(owner, name)))

    clock.enter("the rest of hub run")
    runs.run(project.open_project())
    clock.leave()
    print(json.dumps(clock.spent))


if __name__ == "__main__":
    main()
