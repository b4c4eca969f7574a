"""What follows from the contracts is in the files as `make contracts` would write it."""

import pytest

from hub.scaffold.derived.files import stale_files
from tests.support.workbench import PROJECT

pytestmark = pytest.mark.check


def test_no_derived_file_is_stale():
    stale = [str(each) for each in stale_files(PROJECT)]
    assert not stale, "run `make contracts` and commit what it writes:\n" + "\n".join(stale)
