"""What follows from the contracts is in the files as `make contracts` would write it."""

import pytest

from hub.scaffold.derived.files import stale_files
from hub.scaffold.vocabulary import read_vocabulary
from tests.support.workbench import PROJECT

pytestmark = pytest.mark.check


def test_no_derived_file_is_stale():
    stale = [str(each) for each in stale_files(PROJECT)]
    assert not stale, "run `make contracts` and commit what it writes:\n" + "\n".join(stale)


def test_every_term_of_the_vocabulary_is_used():
    written = "\n".join(
        path.read_text()
        for folder in ("models", "snapshots", "seeds")
        for path in (PROJECT / folder).rglob("*.yml")
    )
    unused = [
        name
        for name, description in read_vocabulary(PROJECT).items()
        if f"doc('{name}')" not in written and f'"{description}"' not in written
    ]
    assert not unused
