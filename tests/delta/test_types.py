"""The types of stored columns: few, and the same for every engine."""

import pytest

from loader.delta.types import delta_type, from_delta, to_delta


@pytest.mark.parametrize(
    ("declared", "stored"),
    [
        ("varchar using compression zstd", "string"),
        ("bigint", "long"),
        ("decimal(38, 0)", "decimal(38,0)"),
        ("varchar[]", {"type": "array", "elementType": "string", "containsNull": True}),
    ],
)
def test_a_declared_type_has_one_in_delta(declared, stored):
    assert delta_type(declared) == stored


@pytest.mark.parametrize(
    "declared", ["ubigint", "date", "bigint[]", "struct(a int)", "timestamptz"]
)
def test_a_type_that_not_every_engine_has_is_refused(declared):
    with pytest.raises(ValueError, match="no stored table has columns of the type"):
        delta_type(declared)


def test_a_moment_has_a_zone_in_delta_and_none_in_the_warehouse():
    assert to_delta("at", "timestamp") == "at::timestamptz as at"
    assert from_delta("at", "timestamp") == "at::timestamp as at"
    assert to_delta("id", "bigint") == "id"
