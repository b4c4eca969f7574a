"""Renders the SQL of models and macros as dbt would, where it is needed before dbt starts.

Known to it are ref, source, var, return, adapter.dispatch and the macros under macros/. What asks
for more of dbt, such as the columns of a table, cannot be rendered here.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loader.config.project import Project

if TYPE_CHECKING:
    from jinja2 import Template

_ENGINE = "duckdb"


class _Returned(Exception):
    """Carries the value of a macro that calls return() to whoever called the macro."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class ProjectMacros:
    """The macros of a project, read when a text first calls them."""

    def __init__(self, project: Project, ref: Callable[[str], str]) -> None:
        """ref: gives the relation of a model by its name."""
        # imported here because most commands render nothing
        from jinja2 import Environment

        folder = project.root / "macros"
        self._paths = {path.stem: path for path in folder.rglob("*.sql")}
        for path in (folder / "contracts").glob("*.sql"):
            self._paths[f"contract_{path.stem}"] = path
        self._templates: dict[str, Template] = {}
        # the result is SQL, not HTML, of templates that are the project's own
        self._environment = Environment(extensions=["jinja2.ext.do"], autoescape=False)  # nosec B701
        self._environment.globals.update(
            ref=ref,
            source=lambda schema, table: f"{schema}.{table}",
            var=lambda name, default=None: getattr(project.vars, name, default),
            adapter=self,
            **{"return": _return},
        )

    def render(self, text: str) -> str:
        """The SQL that a model's text stands for."""
        self._read_called(text)
        return self._environment.from_string(text).render()

    def dispatch(self, name: str) -> Any:
        """What `adapter.dispatch` gives in a macro: the implementation for DuckDB."""
        module = self._templates[name].module
        return getattr(module, f"{_ENGINE}__{name}", None) or getattr(module, f"default__{name}")

    def _read_called(self, text: str) -> None:
        """Read the macros that the text calls, and those that they call.

        A template takes a millisecond or two, so none is read that is not needed.
        """
        for name in re.findall(r"\b([a-z]\w*)\(", text):
            path = self._paths.get(name)
            if path and name not in self._templates:
                self._read(name, path)

    def _read(self, name: str, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        template = self._environment.from_string(text)
        self._templates[name] = template
        self._read_called(text)
        self._environment.globals[name] = _returning(getattr(template.module, name))


def _return(value: Any) -> None:
    raise _Returned(value)


def _returning(macro: Callable[..., Any]) -> Callable[..., Any]:
    """The macro as a function whose result is what it returns, or else its text."""

    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return macro(*arguments, **named)
        except _Returned as returned:
            return returned.value

    return call
