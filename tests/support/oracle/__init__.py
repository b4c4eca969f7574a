"""The rules of the hub in plain Python, one row after the other, slow and simple on purpose.

Written from what the hub promises and not from its SQL, so that the two can be held against each
other: `Oracle` says what must come out, `hub_state` reads what came out, in the same words.

Nothing is taken from the hub. Its digests of contents and the numbers of its rule sets are its own
affair; that they tell contents and rules apart is checked by `confused`.
"""

from tests.support.oracle.comparison import (
    Found,
    confused,
    differences,
    explained,
    hub_state,
)
from tests.support.oracle.decisions import Choice, Oracle, State
from tests.support.oracle.entities import ADDED, ENTITIES, SOURCES, Policy, sources_of
from tests.support.oracle.files import File, in_order_of_landing
from tests.support.oracle.letters import Letter
from tests.support.oracle.records import Record

__all__ = [
    "ADDED",
    "ENTITIES",
    "SOURCES",
    "Choice",
    "File",
    "Found",
    "Letter",
    "Oracle",
    "Policy",
    "Record",
    "State",
    "confused",
    "differences",
    "explained",
    "hub_state",
    "in_order_of_landing",
    "sources_of",
]
