"""Proves with numbers that nothing is lost and nothing doubled: `python -m tests.torture`."""

import sys
from pathlib import Path

# what all tests share (oracle, conftest) is imported by bare name, as under pytest
_TESTS = str(Path(__file__).resolve().parent.parent)
if _TESTS not in sys.path:
    sys.path.insert(0, _TESTS)
