"""Tells from the environment which telemetry is on, under the names that its libraries have."""

import os
from importlib.util import find_spec

from loader import tracing
from loader.errors import WrongUse

_SPANS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
_HTTP = "http/protobuf"
_LINEAGE = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")
_LINEAGE_PREFIX = "OPENLINEAGE__TRANSPORT"


def lineage_setting() -> str | None:
    """The variable that asks for OpenLineage events; None where none does."""
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return None
    asked = [name for name in _LINEAGE if os.environ.get(name)]
    return next(
        iter(asked or [name for name in os.environ if name.startswith(_LINEAGE_PREFIX)]), None
    )


def spans_setting() -> str | None:
    """The variable that asks for OpenTelemetry spans; None where none does."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    if os.environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() == "none":
        return None
    return next((name for name in _SPANS if os.environ.get(name)), None)


def start_telemetry() -> None:
    """Begin with what the environment asks for. Raises WrongUse where the extra is missing, or a
    setting is one that the hub cannot follow."""
    if lineage := lineage_setting():
        _require("openlineage", "openlineage.client", lineage, "lineage events")
    if spans := spans_setting():
        _require("opentelemetry", "opentelemetry.exporter.otlp.proto.http", spans, "spans")
        for name in _PROTOCOLS:
            if os.environ.get(name, _HTTP) != _HTTP:
                raise WrongUse(
                    f"the environment: {name}",
                    f"spans are sent as {_HTTP} only",
                    f"Set it to {_HTTP}, and the endpoint to the collector's port for it (4318).",
                )
        from hub.telemetry.spans import Spans

        tracing.listen(Spans())


def _require(top: str, module: str, setting: str, asked: str) -> None:
    """Raise WrongUse where the library is not installed.   top: the package that holds it."""
    if find_spec(top) is None or find_spec(module) is None:
        raise WrongUse(
            f"the environment: {setting}",
            f"{asked} are asked for, and the extra `telemetry` is not installed",
            "Install it with `make telemetry-setup` or `pip install '.[telemetry]'`, or unset the "
            "variable.",
        )
