"""The process of a `hub` command: signals, errors on one line, exit codes."""

import atexit
import logging
import os
import sys
from typing import NoReturn

import click

from hub.cli.root import hub
from loader import interrupts, logs
from loader.errors import HubError, error_of_the_machine

log = logging.getLogger(__name__)


def main() -> None:
    """Run the command line; an error the user can fix is one line, without a traceback."""
    interrupts.set_up()
    try:
        hub(standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        _exit_interrupted()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except HubError as error:
        click.echo(f"hub: {logs.plain(str(error))}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        if interrupts.requested():
            _exit_interrupted()
        log.debug("traceback", exc_info=error)
        click.echo(f"hub: {error_of_the_machine(error)}", err=True)
        sys.exit(1)


def program() -> NoReturn:
    """What the command `hub` runs: `main`, and then the end of the process, without taking apart
    first, object by object, what dbt has left in memory: that takes half a second."""
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        # nobody reads it any more, or the disk is full
        code = code or 1
    os._exit(code)


def _exit_interrupted() -> NoReturn:
    click.echo("hub: interrupted; the next run completes what this one began", err=True)
    sys.exit(1)
