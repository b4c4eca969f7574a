"""The broker of compose.yaml starts with the settings that it has there."""

import pytest
import yaml
from confluent_kafka import Consumer, Producer

from tests.kafka import PROJECT
from tests.kafka.broker import DEADLINE, Broker
from tests.support.processes import free_ports

pytestmark = pytest.mark.kafka


def settings_of(port: int, inside: int, controller: int) -> dict[str, str]:
    """The broker's settings, as its image makes them of the environment, with other ports."""
    environment = yaml.safe_load((PROJECT / "compose.yaml").read_text())["services"]["kafka"][
        "environment"
    ]
    found = {}
    for name, value in environment.items():
        text = str(value).replace("//kafka:", "//localhost:")
        for old, new in (("19092", inside), ("29093", controller), (":9092", f":{port}")):
            text = text.replace(old, str(new))
        found[name.removeprefix("KAFKA_").lower().replace("_", ".")] = text
    return found


def test_the_broker_takes_messages_for_a_topic_that_it_makes_and_gives_them_back(tmp_path):
    ports = free_ports(3)
    # as usual, where compose.yaml says nothing; other tests want no topics made for them
    usual = {"auto.create.topics.enable": "true"}
    broker = Broker(tmp_path, usual | settings_of(*ports))
    broker.bootstrap_servers = f"localhost:{ports[0]}"
    with broker:
        producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
        producer.produce("clicks", b"{}")
        assert producer.flush(DEADLINE) == 0
        consumer = Consumer(
            {
                "bootstrap.servers": broker.bootstrap_servers,
                "group.id": "hub",
                "auto.offset.reset": "earliest",
            }
        )
        consumer.subscribe(["clicks"])
        message = consumer.poll(DEADLINE)
        consumer.close()
    assert message is not None
    assert message.value() == b"{}"
