"""What breaks when a stage is removed: the table of docs/how-it-works.md, row by row."""

import pytest

pytestmark = pytest.mark.slow

TWICE = [
    {"key": "a", "name": "signup", "value": 1, "ts": "2025-01-15T08:00:00"},
    {"key": "a", "name": "signup", "value": 1, "ts": "2025-01-15T08:00:00"},
]
NOT_A_NUMBER = [{"key": "b", "name": "call", "value": "many", "ts": "2025-01-15T08:00:00"}]


@pytest.mark.nightly
def test_without_adapt_nothing_is_taken_up_until_the_next_full_run(samples):
    samples.run("adapt")
    assert samples.sql("select count(*) from raw.app") == [(7,)]
    assert samples.sql("select count(*) from marts.events") == [(0,)]

    samples.run()
    assert samples.sql("select count(*) from marts.events") == [(4,)]


def test_without_deduplicate_a_repeat_counts_as_a_record_of_its_own(bench):
    bench.drop("app/twice.json", TWICE)
    part = bench.run("deduplicate")["entities"]["events"]
    assert (part["staged"], part["cache"]["hits"], part["target_rows"]) == (2, 0, 1)


def test_without_validate_a_wrong_value_enters_as_null(bench):
    bench.drop("app/wrong.json", NOT_A_NUMBER)
    part = bench.run("validate")["entities"]["events"]
    assert (part["rejected"], part["unvalidated"]) == (0, 1)
    assert bench.sql("select value from marts.events where key = 'b'") == [(None,)]


def test_without_freshness_old_data_looks_like_new(samples):
    assert samples.run("freshness")["entities"]["events"]["stale_records"] == 0
    assert samples.sql("select distinct freshness from marts.events") == [(None,)]


@pytest.mark.nightly
def test_without_reconcile_nobody_is_told_that_two_sources_disagree(samples):
    part = samples.run("reconcile")["entities"]["orders"]
    assert part["reconciliation"] == {"matched": 0, "mismatched": 0, "single_source": 0}
    assert samples.run()["entities"]["orders"]["reconciliation"]["mismatched"] == 1
