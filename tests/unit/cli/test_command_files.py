"""Each command has a file of its own, and is loaded from there when it is called."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import hub.cli
from hub.cli.command_group import CommandGroup
from hub.cli.root import hub as root

FOLDER = Path(hub.cli.__file__).parent
# what does the work of commands and what shows it, and what takes long to import
HEAVY = ("dbt", "duckdb", "fastapi", "hub.commands", "hub.queries", "hub.runs", "hub.serve")


def commands_of(group: CommandGroup) -> Iterator[click.Command]:
    """All commands of a group, with the groups in it and their commands."""
    for command in group.commands.values():
        yield command
        if isinstance(command, CommandGroup):
            yield from commands_of(command)


def file_of(command: click.Command) -> str:
    return command.callback.__module__.rpartition(".")[2] if command.callback else ""


def loaded_by(*arguments: str) -> set[str]:
    """The modules that a process has loaded after `hub` was called with these arguments."""
    program = (
        "import sys; from hub.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('loaded', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    _, *modules = done.stdout.splitlines()[-1].split()
    return set(modules)


def test_every_file_that_defines_a_command_is_listed() -> None:
    defining = {
        path.stem
        for path in FOLDER.glob("*.py")
        if re.search(r"^@click\.(command|group)\(", path.read_text(), re.MULTILINE)
    }

    assert defining == {file_of(root), *map(file_of, commands_of(root))}


def test_no_command_imports_the_file_of_another() -> None:
    files = {file_of(root), *map(file_of, commands_of(root))}

    imports = [
        (file, imported)
        for file in files
        for imported in re.findall(r"hub\.cli\.(\w+) import", (FOLDER / f"{file}.py").read_text())
    ]

    assert imports
    assert [(file, imported) for file, imported in imports if imported in files] == []


def test_a_call_loads_the_file_of_its_command_only() -> None:
    commands = {f"hub.cli.{file_of(command)}" for command in commands_of(root)}

    assert loaded_by("run", "--help") & commands == {"hub.cli.run"}
    assert loaded_by("--version") & commands == set()


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [(("--help",), "hub.cli.serve"), (("contract", "--help"), "hub.cli.contract_diff")],
)
def test_help_loads_nothing_that_does_the_work(arguments: tuple[str, ...], shown: str) -> None:
    loaded = loaded_by(*arguments)

    assert shown in loaded
    assert loaded.isdisjoint(HEAVY)


def test_an_unknown_command_is_answered_with_names_that_are_like_it() -> None:
    with pytest.raises(click.UsageError) as caught:
        root.main(["lend"], standalone_mode=False)

    assert "'land'" in caught.value.format_message()
