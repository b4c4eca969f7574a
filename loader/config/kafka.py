"""The settings of a Kafka topic, as written under `kafka` in a source's YAML."""

from dataclasses import dataclass, field
from typing import Any

from loader.config.environment import expanded, is_reference
from loader.config.yaml_files import mapping, one_of, only_known, positive
from loader.errors import WrongUse

STARTS = ("earliest", "latest")
LOST_OFFSETS = ("error", "earliest")

_KEYS = (
    "topic",
    "bootstrap_servers",
    "group",
    "start",
    "lost_offsets",
    "batch_records",
    "batch_seconds",
    "buffer_records",
    "buffer_bytes",
    "security",
)
_SECURITY_PREFIXES = ("security.", "sasl.", "ssl.")
# settings of the connection that are no secrets, and so may stand in the YAML as they are
_PLAIN_SECURITY = (
    "security.protocol",
    "sasl.mechanism",
    "sasl.mechanisms",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.endpoint.identification.algorithm",
)


@dataclass(frozen=True)
class KafkaSettings:
    """Where a source's topic is, and how it is read.

    bootstrap_servers: host:port, comma-separated; may refer to environment variables.
    group:             the consumer group that the broker is told the progress of, for lag tools.
    start:             where to begin in a partition that was never read.
    lost_offsets:      what to do where the next record is no longer in the log.
    batch_records, batch_seconds: a batch is complete with so many records, or after so long.
    buffer_records, buffer_bytes: how much may wait in memory while a build runs.
    security:          properties of librdkafka; secrets as references to environment variables.
    """

    topic: str
    bootstrap_servers: str
    group: str = "hub"
    start: str = "earliest"
    lost_offsets: str = "error"
    batch_records: int = 1_000
    batch_seconds: float = 1.0
    buffer_records: int = 20_000
    buffer_bytes: int = 64 << 20
    security: dict[str, str] = field(default_factory=dict)

    def connection(self, where: str) -> dict[str, str]:
        """The client's properties that say how to reach the broker, with all secrets in them.

        where: the source's name, for messages. Raises WrongUse for a variable that is not set.
        """
        return {
            "bootstrap.servers": expanded(self.bootstrap_servers, f"{where}: bootstrap_servers"),
            **{
                name: expanded(value, f"{where}: security: {name}")
                for name, value in self.security.items()
            },
        }


@dataclass(frozen=True)
class Persistence:
    """How a stream tries again while its warehouse is out of reach or a build fails.

    first_pause, longest_pause: seconds; each pause is twice the one before.
    failures_to_open: so many failures in a row open the circuit, which is told to people.
    """

    first_pause: float = 1.0
    longest_pause: float = 30.0
    failures_to_open: int = 5

    def pause(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        return float(min(self.first_pause * 2 ** min(failures - 1, 32), self.longest_pause))


def parse_persistence(value: Any) -> Persistence:
    """What `vars: stream` says. Raises WrongUse."""
    where = "dbt_project.yml: vars: stream"
    given = mapping(value, where)
    only_known(given, ("first_pause", "longest_pause", "failures_to_open"), where)
    numbers = {name: positive(number, f"{where}: {name}") for name, number in given.items()}
    return Persistence(
        numbers.get("first_pause", Persistence.first_pause),
        numbers.get("longest_pause", Persistence.longest_pause),
        int(numbers.get("failures_to_open", Persistence.failures_to_open)),
    )


def parse_kafka(value: Any, where: str) -> KafkaSettings | None:
    """The settings under `kafka`, None where there are none. Raises WrongUse."""
    if value is None:
        return None
    given = mapping(value, where)
    only_known(given, _KEYS, where)
    for name in ("topic", "bootstrap_servers"):
        if not isinstance(given.get(name), str) or not given[name].strip():
            raise WrongUse(where, f"'{name}' is missing", f"Write `{name}: ...`.")
    return KafkaSettings(
        topic=given["topic"],
        bootstrap_servers=given["bootstrap_servers"],
        group=str(given.get("group", KafkaSettings.group)),
        start=one_of(given.get("start", KafkaSettings.start), STARTS, f"{where}: start"),
        lost_offsets=one_of(
            given.get("lost_offsets", KafkaSettings.lost_offsets),
            LOST_OFFSETS,
            f"{where}: lost_offsets",
        ),
        batch_records=int(
            positive(
                given.get("batch_records", KafkaSettings.batch_records), f"{where}: batch_records"
            )
        ),
        batch_seconds=positive(
            given.get("batch_seconds", KafkaSettings.batch_seconds), f"{where}: batch_seconds"
        ),
        buffer_records=int(
            positive(
                given.get("buffer_records", KafkaSettings.buffer_records),
                f"{where}: buffer_records",
            )
        ),
        buffer_bytes=int(
            positive(
                given.get("buffer_bytes", KafkaSettings.buffer_bytes), f"{where}: buffer_bytes"
            )
        ),
        security=_security(given.get("security"), f"{where}: security"),
    )


def _security(value: Any, where: str) -> dict[str, str]:
    security = {name: str(text) for name, text in mapping(value, where).items()}
    for name, text in security.items():
        if not name.startswith(_SECURITY_PREFIXES):
            raise WrongUse(
                where,
                f"'{name}' is no property of the connection's security",
                f"They begin with {', '.join(_SECURITY_PREFIXES)}.",
            )
        if name not in _PLAIN_SECURITY and not is_reference(text):
            raise WrongUse(
                f"{where}: {name}",
                "its value may be a secret, and so must not stand here",
                "Refer to an environment variable: ${NAME}.",
            )
    return security
