"""What `hub stream` is tested with: a mock cluster, a real broker, and a clickstream.

The mock cluster (mock_cluster.py) starts in a tenth of a second and needs nothing but the client
library, so it serves everyday tests; it can be cut off, delayed and told to fail. The broker
(broker.py) is Apache Kafka itself: transactions, compaction and growing topics are real there only.
"""

from pathlib import Path

from tests.support.artifacts import Artifacts

PROJECT = Path(__file__).resolve().parents[2]
ARTIFACTS = Artifacts(Path(__file__).with_name("pom.xml"), "Kafka")
