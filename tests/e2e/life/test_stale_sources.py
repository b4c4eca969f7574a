"""Reconciliation with a source that has not delivered for long."""

import pytest

from tests.support.workbench import Workbench

STATUSES = "select order_id, status from marts.orders_reconciliation order by order_id"


@pytest.mark.nightly
def test_a_match_with_a_source_that_has_fallen_silent_is_none(own_project: Workbench) -> None:
    own_project.set_meta("beta", stale_after=3600)
    own_project.drop("alpha/1.ndjson", [{"uid": "o1", "data": "a"}, {"uid": "o2", "data": "a"}])
    own_project.drop(
        "beta/1.ndjson",
        [{"identifier": "o1", "payload": "a"}, {"identifier": "o2", "payload": "b"}],
    )
    own_project.run()
    assert own_project.sql(STATUSES) == [("o1", "matched"), ("o2", "mismatched")]
    # an hour and more after the delivery, whatever else comes in
    [(later,)] = own_project.sql("select max(landed_at) + interval 2 hour from raw.loads")
    own_project.drop("alpha/2.ndjson", [{"uid": "o3", "data": "a"}])
    own_project.run(now=later.isoformat())
    assert own_project.sql(STATUSES) == [
        ("o1", "stale_source"),
        ("o2", "mismatched"),
        ("o3", "single_source"),
    ]
    [(words,)] = own_project.sql(
        "select last_word_by_source from marts.orders_reconciliation where order_id = 'o1'"
    )
    assert [word.partition("=")[0] for word in words] == ["alpha", "beta"]
    own_project.drop("beta/2.ndjson", [{"identifier": "o4", "payload": "b"}])
    own_project.run()
    assert own_project.sql(STATUSES)[0] == ("o1", "matched")
