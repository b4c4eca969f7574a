"""Calls the project's macros, and renders its models, without dbt, which takes seconds to start."""

import re
from collections.abc import Callable, MutableMapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

from loader.config.project_vars import ProjectVars
from loader.errors import WrongUse

if TYPE_CHECKING:
    from jinja2 import Environment

_DEFINITION = re.compile(r"(\{%-?\s*macro\s+)(\w+)")


class Macros:
    """The macros of a project by name, each a function of Python.

    They see one another, `return`, `exceptions`, `var`, `adapter.dispatch` for DuckDB, and what
    they are given. A macro that asks the warehouse or the manifest cannot be called.
    """

    def __init__(self, root: Path, project_vars: ProjectVars, **known: Any) -> None:
        """root: the project's folder.   project_vars: what its `vars` say.
        known: what else the macros may call or use, such as ref, source and dbt.
        """
        # imported here because most commands call none
        from jinja2 import Environment

        # the result is SQL or data, not HTML, of templates that are the project's own
        environment = Environment(extensions=["jinja2.ext.do"], autoescape=False)  # nosec B701
        self._environment = environment
        self._known: MutableMapping[str, Any] = environment.globals
        self._known.update(
            {
                **known,
                "return": _return,
                "exceptions": SimpleNamespace(raise_compiler_error=_raise_compiler_error),
                "adapter": SimpleNamespace(dispatch=self._dispatch),
                "var": lambda name, default=None: getattr(project_vars, name, default),
            }
        )
        for path in sorted((root / "macros").rglob("*.sql")):
            text = path.read_text(encoding="utf-8")
            file = _MacroFile(environment, path.relative_to(root), text)
            for _, name in _DEFINITION.findall(text):
                self._known[name] = file.caller(name)

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def call(self, name: str, *arguments: Any) -> Any:
        """What a macro returns, or the text that it renders. Raises WrongUse."""
        return self._known[name](*arguments)

    def render(self, text: str) -> str:
        """The SQL that a model's text stands for. Raises WrongUse."""
        return self._environment.from_string(text).render()

    def replace(self, name: str, macro: Callable[..., Any]) -> None:
        """Let all other macros call `macro` under this name."""
        self._known[name] = macro

    def _dispatch(self, name: str) -> Any:
        for engine in ("duckdb", "default"):
            if f"{engine}__{name}" in self._known:
                return self._known[f"{engine}__{name}"]
        raise WrongUse(f"macro {name}", "it is not there for DuckDB", f"Write duckdb__{name}.")


class _MacroFile:
    """A file of macros, read as a template when the first of them is called."""

    def __init__(self, environment: "Environment", path: Path, text: str) -> None:
        self._environment = environment
        self._path = path
        # Defined under other names: what they call is then looked up among all macros, where each
        # returns its value. Called directly, the first `return` would end all that are at work.
        self._text = _DEFINITION.sub(r"\1defined_\2", text)
        self._module: Any = None

    def caller(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            from jinja2 import TemplateError

            try:
                if self._module is None:
                    self._module = self._environment.from_string(self._text).module
                return getattr(self._module, f"defined_{name}")(*arguments, **named)
            except _Returned as returned:
                return returned.value
            except TemplateError as error:
                line = f", line {error.lineno}" if hasattr(error, "lineno") else ""
                raise WrongUse(
                    f"{self._path}{line}", f"{name}: {error.message}", "Correct the macro."
                ) from error

        return call


class _Returned(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


def _return(value: Any) -> NoReturn:
    raise _Returned(value)


def _raise_compiler_error(message: str) -> NoReturn:
    # the macros begin with what is at fault, too
    where, _, what = message.partition(": ")
    raise WrongUse(where, what, "Correct it in macros/contracts.")
