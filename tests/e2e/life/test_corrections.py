"""A record that is sent again: with a correction, in a file that grew, or under other rules."""

from typing import Any

import pytest

from tests.support.additions import add_source
from tests.support.workbench import Workbench


def event(key: str, value: Any, moment: str = "08:00", **more: Any) -> dict[str, Any]:
    return {"key": key, "name": "n", "value": value, "ts": f"2025-01-15T{moment}:00", **more}


def values(bench: Workbench) -> dict[str, float]:
    return dict(bench.sql("select key, value from marts.events"))


@pytest.mark.slow
def test_a_source_corrects_itself_by_sending_again_with_the_same_time(bench: Workbench) -> None:
    keys = [f"e{number}" for number in range(20)]
    bench.drop("app/1.json", [event(key, 1) for key in keys])
    bench.run()
    bench.drop("app/2.json", [event(key, 2) for key in keys])
    receipt = bench.run()
    assert values(bench) == dict.fromkeys(keys, 2.0)
    assert any("20" in warning and "tie" in warning for warning in receipt["warnings"])


@pytest.mark.slow
def test_the_later_of_two_in_one_file_corrects_the_earlier(bench: Workbench) -> None:
    bench.drop("app/1.json", [event("e1", 1), event("e1", 2), event("e1", 3, "07:00")])
    bench.run()
    assert bench.outcomes() == ["superseded", "applied", "superseded"]
    assert values(bench) == {"e1": 2.0}


@pytest.mark.nightly
@pytest.mark.parametrize("later", ["app", "mobile"])
def test_between_sources_the_first_registered_wins_a_tie_whatever_comes_later(
    own_built: Workbench, later: str
) -> None:
    add_source(own_built.root, "mobile", like="app", entity="events")
    for source in ("mobile", "app") if later == "app" else ("app", "mobile"):
        value = 1 if source == "app" else 2
        own_built.drop(f"{source}/1.json", [event("e1", value)])
        own_built.run()
    assert values(own_built) == {"e1": 1.0}
    ties = own_built.sql("select source from ops.record_outcomes where is_tie")
    assert ties == [(later,)]


@pytest.mark.slow
def test_a_tie_with_a_record_that_is_held_no_more_is_told(bench: Workbench) -> None:
    bench.drop("app/1.json", [event("e1", 1)])
    bench.run()
    bench.drop("app/2.json", [event("e1", 2, "09:00")])
    bench.run()
    bench.drop("app/3.json", [event("e1", 3)])
    bench.run()
    assert bench.outcomes() == ["applied", "applied", "outdated"]
    assert bench.sql("select is_tie from ops.record_outcomes order by record_id") == [
        (False,),
        (False,),
        (True,),
    ]


@pytest.mark.slow
def test_what_a_file_had_before_it_grew_stays_as_it_was_decided(bench: Workbench) -> None:
    log = [{"uid": "o1", "data": "paid"}, {"uid": "o1", "data": "delivered"}]
    bench.drop("alpha/log.ndjson", log[:1])
    bench.run()
    bench.drop("alpha/other.ndjson", [{"uid": "o1", "data": "returned"}])
    bench.run()
    bench.drop("alpha/log.ndjson", log)
    bench.run()
    assert bench.outcomes("alpha") == ["applied", "applied", "duplicate", "applied"]
    bench.drop("alpha/other2.ndjson", [{"uid": "o1", "data": "returned", "again": 1}])
    bench.run()
    bench.drop("alpha/log.ndjson", [*log, {"uid": "o2", "data": "paid"}])
    bench.run()
    # the rows that were there say nothing new, so the order is not delivered once more
    assert bench.outcomes("alpha")[-3:] == ["duplicate", "duplicate", "applied"]
    assert bench.sql("select order_id, status from marts.orders order by 1") == [
        ("o1", "returned"),
        ("o2", "paid"),
    ]


@pytest.mark.slow
def test_three_versions_of_a_file_in_one_run_are_one_history(bench: Workbench) -> None:
    rows = [{"uid": "o1", "data": state} for state in ("new", "paid", "sent")]
    for length in (1, 2, 3):
        bench.drop("alpha/log.ndjson", rows[:length])
        bench.land()
    bench.run()
    assert bench.outcomes("alpha") == [
        "superseded",
        *("duplicate", "superseded"),
        *("duplicate", "duplicate", "applied"),
    ]


@pytest.mark.slow
def test_a_row_that_changed_at_its_place_is_a_new_record(bench: Workbench) -> None:
    bench.drop("app/log.ndjson", [event("e1", 1), event("e2", 1)])
    bench.run()
    bench.drop("app/log.ndjson", [event("e1", 5), event("e2", 1)])
    bench.run()
    assert bench.outcomes() == ["applied", "applied", "applied", "duplicate"]
    assert values(bench) == {"e1": 5.0, "e2": 1.0}


@pytest.mark.nightly
def test_a_fast_clock_makes_nobody_late_once_real_time_has_passed_it(
    own_project: Workbench,
) -> None:
    own_project.set_meta("app", late="skip")
    own_project.drop("app/1.json", [event("fast", 1, "23:00")])
    own_project.run(now="2025-01-15T00:30:00")
    own_project.drop("app/2.json", [event(f"e{hour}", 1, f"{hour:02}:00") for hour in range(2, 12)])
    own_project.run(now="2025-01-15T12:00:00")
    assert own_project.outcomes() == ["applied"] * 11
    own_project.drop("app/3.json", [event("e12", 1, "10:30")])
    receipt = own_project.run(now="2025-01-15T13:00:00")
    assert own_project.outcomes()[-1] == "late"
    assert any("late" in warning for warning in receipt["warnings"])
