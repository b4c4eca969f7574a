"""What an examination of the warehouse finds."""

import pytest
from click.testing import CliRunner

from hub.cli.root import hub as command
from hub.commands import health


def findings(bench) -> dict[str, str]:
    return {finding.check: finding.status for finding in health.doctor(bench.project)}


def test_a_warehouse_that_adds_up_has_no_failures(after_run):
    found = findings(after_run)
    assert set(found) == {
        "project",
        "files",
        "quarantine",
        "entities",
        "ledger = raw",
        "raw = decisions",
        "loads",
        "runs",
        "last run",
        "watermarks",
        "drift",
        "dead letters",
        "streams",
        "rules",
        "removed sources",
        "pulls",
        "forgotten",
        "receipts",
        "disk",
        "file format",
        "versions",
        "data tests",
    }
    assert "fail" not in found.values()
    assert CliRunner().invoke(command, ["doctor"]).exit_code == 0


@pytest.mark.slow
def test_every_fault_is_found_and_has_a_remedy(after_run):
    after_run.sql("delete from raw.app where row_number = 1")
    after_run.sql("delete from ops.orders_decisions where row_number = 1")
    after_run.sql("delete from ops.completed_loads where entity = 'clicks'")
    after_run.sql("update ops.watermark_log set stored = 'garbage' where source = 'web'")
    after_run.sql("update ops.runs set status = 'running'")
    after_run.drop("app/new.json", "[]")
    after_run.drop("app/cut.json", "[{")
    after_run.land("alpha")
    after_run.sql("update ops.runs set status = 'running'")
    expected = {
        "files": "warn",
        "ledger = raw": "fail",
        "raw = decisions": "fail",
        "loads": "warn",
        "runs": "warn",
        "watermarks": "warn",
        "drift": "warn",
        "dead letters": "warn",
    }
    found = findings(after_run)
    assert {check: found[check] for check in expected} == expected
    assert all(
        finding.remedy for finding in health.doctor(after_run.project) if finding.status != "ok"
    )
    assert CliRunner().invoke(command, ["doctor", "--json"]).exit_code == 1


def test_a_quarantined_file_and_a_failed_run_are_found(samples):
    samples.drop("app/cut.json", "[{")
    samples.land()
    samples.sql("update ops.runs set status = 'failed'")
    found = findings(samples)
    assert (found["quarantine"], found["last run"]) == ("warn", "fail")


@pytest.mark.slow
def test_a_quarantined_file_is_told_of_until_it_is_gone_or_fixed(samples):
    cut = samples.drop("app/cut.json", "[{")
    odd = samples.drop("app/odd\udcff.json", "[{}")
    samples.land()
    assert findings(samples)["quarantine"] == "warn"

    cut.unlink()
    assert findings(samples)["quarantine"] == "warn"
    odd.write_text("[]")
    assert findings(samples)["quarantine"] == "ok"
    # and it is again when it comes back
    samples.drop("app/cut.json", "[{")
    assert findings(samples)["quarantine"] == "warn"


def test_after_a_run_with_nothing_new_nothing_is_amiss_with_receipts(after_run):
    after_run.run()
    assert findings(after_run)["runs"] == "ok"


@pytest.mark.slow
def test_a_run_that_was_killed_before_its_receipt_is_found(samples):
    receipt = samples.run()
    (samples.root / "receipts" / f"{receipt['run_id']}.json").unlink()
    (finding,) = [each for each in health.doctor(samples.project) if each.check == "receipts"]
    assert (finding.status, receipt["run_id"] in finding.detail) == ("warn", True)
    assert f"`hub report --run {receipt['run_id']} --json`" in finding.remedy


@pytest.mark.slow
def test_a_run_that_found_nothing_new_hides_no_missing_receipt(samples):
    receipt = samples.run()
    samples.run()
    (samples.root / "receipts" / f"{receipt['run_id']}.json").unlink()
    assert findings(samples)["receipts"] == "warn"


def test_sql_gives_the_same_answers(after_run):
    after_run.sql("delete from raw.app where row_number = 1")
    after_run.sql("update ops.runs set status = 'failed'")
    found = {finding.check: finding for finding in health.doctor(after_run.project)}
    by_sql = after_run.sql("select check_name, status, detail, remedy from ops.health_checks")
    assert len(by_sql) == 11
    for check, *told in by_sql:
        assert told == [found[check].status, found[check].detail, found[check].remedy]
    assert found["ledger = raw"].detail == "they differ: load 1 of app: ledger 7, raw 6"


def test_five_of_many_are_named(samples):
    for number in range(7):
        samples.drop(f"app/{number}.json", [{"key": str(number)}])
    samples.land("app")
    (detail,) = samples.sql("select detail from ops.health_checks where check_name = 'loads'")[0]
    assert detail == (
        "landed but not built: "
        "app/0.json, app/1.json, app/2.json, app/3.json, app/4.json and 3 more"
    )


@pytest.mark.slow
def test_dead_letters_grow_until_a_run_adds_none(after_run):
    assert findings(after_run)["dead letters"] == "warn"
    after_run.run(force=True)
    assert findings(after_run)["dead letters"] == "ok"


def test_a_name_that_is_no_text_is_written_out(samples):
    samples.land()
    samples.drop("app/new\udcff.json", "[]")
    (finding,) = [each for each in health.doctor(samples.project) if each.check == "files"]
    assert r"app/new\xff.json" in finding.detail
