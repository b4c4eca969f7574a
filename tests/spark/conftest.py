"""Fixtures: a cluster that the tests of a module share, for those that ask for it."""

import os
from collections.abc import Iterator

import pytest

from tests.spark import ARTIFACTS
from tests.spark.cluster import SparkCluster


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("HUB_TEST_SPARK") == "1":
        return
    skipped = pytest.mark.skip(reason="starts Apache Spark: `make test-spark` runs it")
    for item in items:
        if item.get_closest_marker("spark"):
            item.add_marker(skipped)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    pytest.importorskip("pyspark", reason="pyspark is missing: `make spark-setup`")
    reason = ARTIFACTS.why_not()
    if reason:
        pytest.skip(reason)
    with SparkCluster(tmp_path_factory.mktemp("spark")) as running:
        yield running
