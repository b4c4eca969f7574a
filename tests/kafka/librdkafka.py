"""The mock cluster inside the client library, which the Python package does not wrap.

librdkafka calls this part of itself experimental: it may change with the version of
confluent-kafka, which requirements.lock fixes.
"""

import ctypes
from collections.abc import Sequence
from enum import IntEnum

from confluent_kafka import KafkaError, KafkaException, cimpl

_ALL_BROKERS = -1
_PRODUCER = 0
_Handle = ctypes.c_void_p
_Text = ctypes.c_char_p
_Int = ctypes.c_int
_SIGNATURES: dict[str, tuple[type | None, list[type]]] = {
    "rd_kafka_conf_new": (_Handle, []),
    "rd_kafka_conf_set": (_Int, [_Handle, _Text, _Text, _Text, ctypes.c_size_t]),
    "rd_kafka_new": (_Handle, [_Int, _Handle, _Text, ctypes.c_size_t]),
    "rd_kafka_mock_cluster_new": (_Handle, [_Handle, _Int]),
    "rd_kafka_mock_cluster_bootstraps": (_Text, [_Handle]),
    "rd_kafka_mock_topic_create": (_Int, [_Handle, _Text, _Int, _Int]),
    "rd_kafka_mock_topic_delete": (_Int, [_Handle, _Text]),
    "rd_kafka_mock_partition_delete_records": (
        _Int,
        [_Handle, _Text, ctypes.c_int32, ctypes.c_int64],
    ),
    "rd_kafka_mock_broker_set_down": (_Int, [_Handle, ctypes.c_int32]),
    "rd_kafka_mock_broker_set_up": (_Int, [_Handle, ctypes.c_int32]),
    "rd_kafka_mock_broker_set_rtt": (_Int, [_Handle, ctypes.c_int32, _Int]),
    "rd_kafka_mock_push_request_errors_array": (
        None,
        [_Handle, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(_Int)],
    ),
    "rd_kafka_mock_clear_request_errors": (None, [_Handle, ctypes.c_int16]),
}


class Request(IntEnum):
    """Requests of Kafka's protocol that a mock cluster can be told to fail."""

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    OFFSET_COMMIT = 8
    OFFSET_FETCH = 9


class Mock:
    """A mock cluster in this process. It ends with the process."""

    def __init__(self, brokers: int) -> None:
        self._brokers = brokers
        # finds what the extension module itself is linked to, wherever that was installed
        self._library = ctypes.CDLL(cimpl.__file__)
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments
        error = ctypes.create_string_buffer(512)
        settings = self._library.rd_kafka_conf_new()
        # it would warn that it has no servers to connect to
        self._library.rd_kafka_conf_set(settings, b"log_level", b"0", error, len(error))
        client = self._library.rd_kafka_new(_PRODUCER, settings, error, len(error))
        if not client:
            raise RuntimeError(f"librdkafka made no client: {error.value.decode()}")
        self._cluster = self._library.rd_kafka_mock_cluster_new(client, brokers)
        if not self._cluster:
            raise RuntimeError(f"librdkafka made no mock cluster of {brokers} brokers")

    @property
    def bootstrap_servers(self) -> str:
        servers: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return servers.decode()

    def create_topic(self, topic: str, partitions: int) -> None:
        self._do("topic_create", topic.encode(), partitions, self._brokers)

    def delete_topic(self, topic: str) -> None:
        self._do("topic_delete", topic.encode())

    def delete_records(self, topic: str, partition: int, before_offset: int) -> None:
        self._do("partition_delete_records", topic.encode(), partition, before_offset)

    def go_down(self) -> None:
        self._do("broker_set_down", _ALL_BROKERS)

    def come_up(self) -> None:
        self._do("broker_set_up", _ALL_BROKERS)

    def delay(self, milliseconds: int) -> None:
        self._do("broker_set_rtt", _ALL_BROKERS, milliseconds)

    def fail(self, request: int, errors: Sequence[int]) -> None:
        array = (_Int * len(errors))(*errors)
        self._do("push_request_errors_array", request, len(errors), array)

    def stop_failing(self, request: int) -> None:
        self._do("clear_request_errors", request)

    def _do(self, name: str, *arguments: object) -> None:
        code = getattr(self._library, f"rd_kafka_mock_{name}")(self._cluster, *arguments)
        if code:
            raise KafkaException(KafkaError(code))
