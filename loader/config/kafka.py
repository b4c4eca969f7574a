"""The settings of a Kafka topic, under `meta: kafka` in a source's YAML, and of all streams."""

from typing import Annotated, Literal

from msgspec import field

from loader.config.environment import expanded, is_reference
from loader.config.reading import Refused, Secret, Settings
from loader.config.values import Count, Name, Positive

# how the values of a topic are wrapped; None: not at all
Framing = Literal["registry"] | None

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


class KafkaSettings(Settings, frozen=True):
    """Where a source's topic is, and how it is read.

    bootstrap_servers: host:port, comma-separated; may refer to environment variables.
    group:             the consumer group that the broker is told the progress of, for lag tools.
    start:             where to begin in a partition that was never read.
    lost_offsets:      what to do where the next record is no longer in the log.
    key_from:          key: a message without a value (a tombstone) deletes the key that stands in
                       the message's key; None: it is a dead letter.
    framing:           registry: values are JSON behind the framing of a schema registry.
    batch_records, batch_seconds: a batch is complete with so many records, or after so long.
    buffer_records, buffer_bytes: how much may wait in memory while a build runs.
    security:          properties of librdkafka; secrets as references to environment variables.
    """

    topic: Name
    bootstrap_servers: Annotated[Name, Secret]
    group: Name = "hub"
    start: Literal["earliest", "latest"] = "earliest"
    lost_offsets: Literal["error", "earliest"] = "error"
    key_from: Literal["key"] | None = None
    framing: Framing = None
    batch_records: Count = 1_000
    batch_seconds: Positive = 1.0
    buffer_records: Count = 20_000
    buffer_bytes: Count = 64 << 20
    security: Annotated[dict[str, Annotated[str, Secret]], Secret] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, text in self.security.items():
            if not name.startswith(_SECURITY_PREFIXES):
                raise Refused(
                    f"'{name}' is no property of the connection's security",
                    f"They begin with {', '.join(_SECURITY_PREFIXES)}.",
                    at=("security",),
                )
            if name not in _PLAIN_SECURITY and not is_reference(text):
                raise Refused(
                    "its value may be a secret, and so must not stand here",
                    "Refer to an environment variable: ${NAME}.",
                    at=("security", name),
                )

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


class Persistence(Settings, frozen=True):
    """How a stream tries again while its warehouse is out of reach or a build fails.

    first_pause, longest_pause: seconds; each pause is twice the one before.
    failures_to_open: so many failures in a row open the circuit, which is told to people.
    """

    first_pause: Positive = 1.0
    longest_pause: Positive = 30.0
    failures_to_open: Count = 5

    def pause(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        return float(min(self.first_pause * 2 ** min(failures - 1, 32), self.longest_pause))
