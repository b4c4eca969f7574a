"""The command `hub`, and the files of its commands.

A command is added with a line here and a file that defines it under its own name: it reads its
part of the command line, calls the work and prints the result. Only the file of the command that
was called is loaded, or all of them to show the help. So they import what does the work, and what
shows its result, where they call it.
"""

import click

from hub.cli.command_group import CommandGroup
from loader import __version__

# heading in `hub --help` -> command -> file
_COMMANDS = {
    "Take records in": {
        "run": "run",
        "land": "land",
        "stream": "stream",
        "pull": "pull",
    },
    "Ask": {
        "report": "report",
        "why": "why",
        "contract": "contract",
        "doctor": "doctor",
    },
    "After a change of rules": {
        "reprocess": "reprocess",
        "rename-source": "rename_source",
    },
    "Dead letters": {
        "redrive": "redrive",
        "discard": "discard",
    },
    "Let others read": {
        "publish": "publish",
        "serve": "serve",
        "token": "token",
    },
}


@click.group(
    cls=CommandGroup,
    sections=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="hub")
def hub(**shared: object) -> None:
    """Land files verbatim, decide every record, and account for each of them.

    Exit codes: 0 done, 1 failed, 2 wrong use.
    """
