"""The settings of a topic, under `meta: kafka` in a source's YAML."""

from typing import Any

import pytest

from loader.config.kafka import KafkaSettings
from loader.config.reading import read_as
from loader.config.sources import SourceSettings
from loader.errors import WrongUse

TOPIC = {"topic": "clicks", "bootstrap_servers": "localhost:9092"}


def test_topic_and_servers_are_enough() -> None:
    settings = read_as(SourceSettings, {"kafka": TOPIC}, "here")

    assert settings.kafka == KafkaSettings("clicks", "localhost:9092")


def test_secrets_are_put_in_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_PASSWORD", "s3cr3t")
    security = {"sasl.mechanism": "PLAIN", "sasl.password": "${KAFKA_PASSWORD}"}
    settings = read_as(KafkaSettings, {**TOPIC, "security": security}, "here")

    assert settings.connection("here") == {
        "bootstrap.servers": "localhost:9092",
        "sasl.mechanism": "PLAIN",
        "sasl.password": "s3cr3t",
    }


@pytest.mark.parametrize(
    ("kafka", "says"),
    [
        ("localhost:9092", "kafka: expected a mapping, found a text"),
        ({"topic": "clicks"}, "kafka: bootstrap_servers: it is missing"),
        ({**TOPIC, "topic": ""}, "kafka: topic: expected a text, found ''"),
        ({**TOPIC, "topics": "x"}, "kafka: unknown key 'topics'. Did you mean 'topic'?"),
        ({**TOPIC, "start": "first"}, "kafka: start: unknown value 'first'. Expected one of earl"),
        ({**TOPIC, "lost_offsets": "latest"}, "lost_offsets: unknown value 'latest'. "),
        ({**TOPIC, "framing": "avro"}, "kafka: framing: unknown value 'avro'. Expected one of reg"),
        ({**TOPIC, "batch_records": 0}, "batch_records: expected a whole number, found 0"),
        ({**TOPIC, "batch_seconds": "1s"}, "batch_seconds: expected a number, found '1s'"),
        ({**TOPIC, "security": {"acks": "all"}}, "security: 'acks' is no property of the connec"),
        ({**TOPIC, "security": {"sasl.password": "s3cr3t"}}, "security: sasl.password: its value"),
        ({**TOPIC, "security": {"sasl.password": "${P:-s3cr3t}"}}, "may be a secret, and so must"),
        ({**TOPIC, "security": {"sasl.password": ["s3cr3t"]}}, "sasl.password: expected a text, f"),
        ({**TOPIC, "security": "s3cr3t"}, "security: expected a mapping, found"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_named_and_no_secret_shown(kafka: Any, says: str) -> None:
    with pytest.raises(WrongUse) as wrong:
        read_as(SourceSettings, {"kafka": kafka}, "web.yml: meta")

    said = str(wrong.value)
    assert said.startswith("web.yml: meta: kafka")
    assert says in said
    assert "s3cr3t" not in said
