"""The cluster of the tests ends with them."""

from pathlib import Path

import pytest

from tests.spark.cluster import SparkCluster

pytestmark = pytest.mark.spark


def test_the_workers_carry_out_what_the_server_is_asked(cluster: SparkCluster) -> None:
    rows = cluster.session().sql("select sum(id) as total from range(0, 1000, 1, 2)").collect()
    assert [row.total for row in rows] == [499_500]


def test_what_was_started_is_gone_after_a_failed_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.spark.cluster.SETTINGS", tmp_path / "missing.conf")
    failing = SparkCluster(tmp_path / "failing")
    with pytest.raises(RuntimeError, match="the server does not listen"):
        failing.start()
    assert failing._started == []
