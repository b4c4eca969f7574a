"""The command `hub`, and where its commands stand in the help.

A command is added with its name here and a file in this folder that defines it, both under that
name: `hub rename-source` is `rename_source` in rename_source.py, `hub contract diff` is
`contract_diff`. The file reads its part of the command line, calls the work and prints the result.
Only the file of the command that was called is loaded, or all of them to show the help. So they
import what does the work, and what shows its result, where they call it.
"""

import click

from hub.cli.command_group import CommandGroup
from loader import __version__

# heading in `hub --help` -> its commands
_COMMANDS = {
    "Begin with your own data": ("init", "new"),
    "Take records in": ("run", "land", "stream", "pull", "watch"),
    "Ask": ("report", "why", "contract", "doctor"),
    "After a change of rules": ("reprocess", "rename-source"),
    "Dead letters": ("redrive", "discard"),
    "Let others read": ("publish", "serve", "token", "mcp"),
    "Keep it safe": ("backup", "restore", "forget", "expire", "compact"),
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
