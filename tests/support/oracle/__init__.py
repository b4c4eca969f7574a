"""The rules of the hub in plain Python, one row after the other, slow and simple on purpose.

Written from what the hub promises and not from its SQL, so that the two can be held against each
other: `Oracle` says what must come out, `hub_state` reads what came out, in the same words.

The one thing taken from the hub is the digest of each row's content, because which digest it uses
is its own affair: equal times are ordered by it. That it tells contents apart is checked.
"""

from tests.support.oracle.comparison import (
    confused_contents,
    differences,
    explained,
    hub_state,
)
from tests.support.oracle.decisions import Oracle, State
from tests.support.oracle.entities import ADDED, ENTITIES, SOURCES, Policy
from tests.support.oracle.files import File, in_order_of_landing

__all__ = [
    "ADDED",
    "ENTITIES",
    "SOURCES",
    "File",
    "Oracle",
    "Policy",
    "State",
    "confused_contents",
    "differences",
    "explained",
    "hub_state",
    "in_order_of_landing",
]
