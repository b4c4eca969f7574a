"""The extras for buckets and lakehouses: only who uses them needs them."""

import subprocess
import sys

import pytest

from tests.support.workbench import PROJECT, Workbench

# Lands, and says whether what buckets, lakehouses and exports need was imported for it.
_LOOK = """
import sys
from hub.main import main
try:
    main()
except SystemExit:
    pass
seen = (
    "obstore",
    "loader.objects",
    "loader.landing.objects",
    "loader.landing.archive",
    "deltalake",
    "loader.delta",
)
print([name for name in seen if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.slow
def test_a_project_without_a_bucket_or_a_lakehouse_imports_nothing_of_them(
    own_project: Workbench,
) -> None:
    own_project.drop("app/a.ndjson", '{"key":"k1"}\n')
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, "land"],
        cwd=own_project.root,
        env={"PYTHONPATH": str(PROJECT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr.splitlines()[-1] == "[]", done.stderr
