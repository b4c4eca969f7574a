"""The extras `serve` and `mcp`: no command but theirs needs them."""

import subprocess
import sys

import pytest

from tests.support.workbench import PROJECT

EXTRA = ("fastapi", "starlette", "uvicorn", "jwt", "prometheus_client", "psutil", "pydantic", "mcp")
# Runs a command and says which packages of the extra were imported for it. dbt imports some.
_LOOK = """
import sys
from hub.main import main
try:
    main()
except SystemExit:
    pass
print([name for name in sys.argv[0].split(",") if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["serve", "--help"],
        ["mcp", "--help"],
        ["report", "--json"],
        ["why", "evt-003"],
        ["doctor"],
        ["land"],
        ["publish"],
        ["discard", "--id", "1", "--by", "mia", "--why", "x"],
    ],
)
def test_no_other_command_imports_it(own_served, words):
    program = _LOOK.replace("sys.argv[0]", repr(",".join(EXTRA)))
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=own_served.root,
        env={"PYTHONPATH": str(PROJECT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr.splitlines()[-1] == "[]", done.stderr


def test_a_build_imports_nothing_of_the_server(own_served):
    program = _LOOK.replace(
        "sys.argv[0]", repr("fastapi,uvicorn,jwt,prometheus_client,hub.serve,mcp,hub.mcp")
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "run"],
        cwd=own_served.root,
        env={"PYTHONPATH": str(PROJECT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr.splitlines()[-1] == "[]", done.stderr
