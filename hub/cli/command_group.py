"""A group of commands, listed under headings, each loaded from its file when it is asked for."""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any, cast

import click

from hub.cli.shared_options import shared_options, write_options

_HEADING = "Options of every command, before or after its name"


class CommandGroup(click.Group):
    """A group of commands. The shared options may stand before the command's name, too.

    sections: heading in the help -> names of commands.
    prefix:   what the names of their files begin with.
    A command is defined under the name of its file: `rename-source` in rename_source.py.
    """

    def __init__(
        self,
        *args: Any,
        sections: Mapping[str, tuple[str, ...]],
        prefix: str = "",
        **attributes: Any,
    ) -> None:
        files = {
            name: f"{prefix}{name.replace('-', '_')}"
            for names in sections.values()
            for name in names
        }
        super().__init__(*args, **attributes)
        # click writes to it only where commands are added one by one
        self.commands = cast(MutableMapping[str, click.Command], _CommandsInFiles(files))
        self._sections = sections
        self.params += shared_options()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_options(self, ctx, formatter, _HEADING)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line for each command, under the headings of their sections."""
        width = max(map(len, self.commands))
        for heading, names in self._sections.items():
            with formatter.section(heading):
                formatter.write_dl(
                    [(name.ljust(width), self._short_help(name, formatter)) for name in names]
                )

    def _short_help(self, name: str, formatter: click.HelpFormatter) -> str:
        return self.commands[name].get_short_help_str(formatter.width)


class _CommandsInFiles(Mapping[str, click.Command]):
    """Commands by their names, each imported when it is looked up.   files: name -> its file."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def __getitem__(self, name: str) -> click.Command:
        file = self._files[name]
        command: click.Command = getattr(import_module(f"{__package__}.{file}"), file)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)
