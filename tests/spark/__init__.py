"""The same models on Apache Spark: what they build is compared with what DuckDB has.

cluster.py starts a standalone master, two workers and a Spark Connect server on loopback.
lakehouse.py lays what has landed there, and reads what was built. Both need Java 17 and Maven, and
minutes, so the tests run by `make test-spark` alone.
"""

from pathlib import Path

from tests.support.artifacts import Artifacts

ARTIFACTS = Artifacts(Path(__file__).with_name("pom.xml"), "Delta Lake on Spark")
