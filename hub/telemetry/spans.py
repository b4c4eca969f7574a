"""Sends spans to an OpenTelemetry collector. Imported where the environment names one."""

import atexit
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import (
    SERVICE_NAME,
    SERVICE_VERSION,
    OTELResourceDetector,
    Resource,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from loader import __version__
from loader.tracing import Value

log = logging.getLogger(__name__)

# How long the end of a command waits for the collector to take the last spans.
_SECONDS_AT_THE_END = 1.0


class Spans:
    """A listener of loader.tracing that sends what it hears to the collector that the environment
    names (OTEL_EXPORTER_OTLP_ENDPOINT and its like), from a thread of its own."""

    def __init__(self) -> None:
        _let_the_hub_tell_of_failures()
        named = {SERVICE_NAME: "hub", SERVICE_VERSION: __version__}
        # what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say counts more
        resource = Resource.create(named).merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("hub", __version__)
        atexit.register(self.close)

    @contextmanager
    def span(self, name: str, attributes: dict[str, Value]) -> Iterator[None]:
        """A span inside the one around it."""
        with self._tracer.start_as_current_span(
            name,
            attributes=attributes,
            # an error may quote a record: what is told of it is its kind
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_status(trace.StatusCode.ERROR, type(error).__name__)
                span.set_attribute("error.type", type(error).__name__)
                raise

    def note(self, attributes: dict[str, Value]) -> None:
        """Add to the innermost span."""
        trace.get_current_span().set_attributes(attributes)

    def failed(self, what: str) -> None:
        """Mark the innermost span as failed."""
        trace.get_current_span().set_status(trace.StatusCode.ERROR, what)

    def close(self) -> None:
        """Send what is left; a collector that does not answer is not waited for."""
        # shutting down waits for an export that is under way, and that for its retries
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(_SECONDS_AT_THE_END)
        if ending.is_alive():
            log.warning("the last spans were not sent: the collector does not answer")


class _Told(logging.Handler):
    """Tells in one line what the library would tell with a traceback, and with the address."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._has_told = False

    def emit(self, record: logging.LogRecord) -> None:
        if not self._has_told:
            self._has_told = True
            log.warning("the collector does not take spans: see OTEL_EXPORTER_OTLP_ENDPOINT")


def _let_the_hub_tell_of_failures() -> None:
    logger = logging.getLogger("opentelemetry")
    logger.handlers = [_Told()]
    logger.propagate = False
