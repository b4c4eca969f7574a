"""A run's OpenTelemetry spans, sent to a collector over HTTP."""

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from hub.commands import pulling
from hub.telemetry.spans import Spans
from hub.telemetry.switches import start_telemetry
from loader import tracing
from loader.errors import HubError, WrongUse
from tests.demo.api import SampleApi
from tests.support.partner import CURSOR, FAST, measurements
from tests.support.receiver import Answer, Receiver, refused_url
from tests.support.workbench import Workbench

HUB = Path(sys.executable).parent / "hub"


def base(collector: Receiver) -> str:
    return collector.url.removesuffix("/hook/s3cret")


@pytest.fixture
def spans(collector: Receiver, monkeypatch: pytest.MonkeyPatch) -> Spans:
    """A listener that sends to the collector."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", base(collector))
    listening = Spans()
    tracing.listen(listening)
    return listening


def received(collector: Receiver) -> list[dict[str, Any]]:
    """The spans that came: name, parent's name, status and attributes."""
    found = []
    for path, headers, body in collector.requests:
        assert path == "/v1/traces"
        packed = headers.get("Content-Encoding") == "gzip"
        request = ExportTraceServiceRequest.FromString(gzip.decompress(body) if packed else body)
        for resource in request.resource_spans:
            service = {item.key: item.value.string_value for item in resource.resource.attributes}
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                found.append((service["service.name"], span))
    names = {span.span_id: span.name for _, span in found}
    return [
        {
            "service": service,
            "name": span.name,
            "parent": names.get(span.parent_span_id),
            "trace": span.trace_id,
            "failed": span.status.code == 2,
            "status": span.status.message,
            "attributes": {
                item.key: item.value.string_value or item.value.int_value
                for item in span.attributes
            },
        }
        for service, span in found
    ]


@pytest.mark.slow
def test_a_run_is_a_trace_of_its_stages(samples: Workbench, collector: Receiver, spans: Spans):
    receipt = samples.run()
    spans.close()
    told = {span["name"]: span for span in received(collector)}
    assert told.keys() == {"hub run", "stage land", "stage build"}
    assert told["hub run"]["parent"] is None
    assert told["stage land"]["parent"] == told["stage build"]["parent"] == "hub run"
    assert told["hub run"]["attributes"] == {"hub.run_id": receipt["run_id"]}
    assert {span["service"] for span in told.values()} == {"hub"}


def test_runs_are_traces_of_their_own(after_run: Workbench, collector: Receiver, spans: Spans):
    after_run.run()
    after_run.land()
    spans.close()
    roots = [span for span in received(collector) if span["parent"] is None]
    assert [span["name"] for span in roots] == ["hub run", "hub land"]
    assert len({span["trace"] for span in roots}) == 2


@pytest.mark.slow
def test_the_requests_of_a_pull_are_spans_without_their_addresses(
    own_project: Workbench, collector: Receiver, spans: Spans, monkeypatch
):
    own_project.set_meta(
        "partner",
        http={
            "url": "${PARTNER_URL}",
            "items": "data.items",
            "pagination": CURSOR,
            "retries": FAST,
            "parameters": {"key": "s3cret"},
        },
    )
    with SampleApi(measurements(5)) as api:
        monkeypatch.setenv("PARTNER_URL", api.url)
        assert pulling.pull(own_project.project, ("partner",)).exit_code == 0
    spans.close()
    requests = [span for span in received(collector) if span["name"] == "GET"]
    assert [span["parent"] for span in requests] == ["stage pull"] * 2
    assert requests[0]["attributes"] == {
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "http.response.status_code": 200,
    }
    assert "s3cret" not in str(received(collector))


@pytest.mark.slow
def test_a_span_that_an_error_leaves_has_failed_and_tells_no_text(
    samples: Workbench, collector: Receiver, spans: Spans, monkeypatch
):
    def fails(*_: object) -> None:
        raise HubError("here", "s3cret", "Mend it.")

    monkeypatch.setattr("hub.runs.run.build", fails)
    with pytest.raises(HubError):
        samples.run(by_dbt=True)
    spans.close()
    failed = [span for span in received(collector) if span["failed"]]
    assert [span["name"] for span in failed] == ["stage build", "hub run"]
    assert {span["attributes"]["error.type"] for span in failed} == {"HubError"}
    assert "s3cret" not in str(failed)


@pytest.mark.nightly
def test_a_run_whose_build_failed_has_failed(
    own_project: Workbench, collector: Receiver, spans: Spans
):
    own_project.drop_samples()
    own_project.edit(
        "models/staging/alpha/stg_alpha__orders.sql", "{{ json_text('uid') }}", "no_such_column"
    )
    own_project.run()
    spans.close()
    (run,) = [span for span in received(collector) if span["name"] == "hub run"]
    assert run["failed"]
    assert "orders" in run["status"]
    assert "no_such_column" not in run["status"]


@pytest.mark.parametrize("failure", ["refused", Answer(503), Answer(200, delay=60)])
def test_a_collector_that_takes_nothing_costs_a_second_at_most(
    after_run: Workbench, collector: Receiver, monkeypatch, caplog, capfd, failure
):
    collector.answers = [failure] if isinstance(failure, Answer) else collector.answers
    url = base(collector) if isinstance(failure, Answer) else refused_url()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    listening = Spans()
    tracing.listen(listening)
    assert after_run.run()["status"] == "succeeded"
    began = time.monotonic()
    listening.close()
    assert time.monotonic() - began < 1.5
    assert "s3cret" not in caplog.text
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"),
        ("OPENLINEAGE_URL", "http://127.0.0.1:5000"),
        ("OPENLINEAGE__TRANSPORT__TYPE", "file"),
    ],
)
def test_a_setting_that_is_on_without_the_extra_is_one_clear_error(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    monkeypatch.setattr("hub.telemetry.switches.find_spec", lambda module: None)
    with pytest.raises(WrongUse, match=f"{name}: .* the extra `telemetry` is not installed"):
        start_telemetry()


def test_another_protocol_is_refused(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(WrongUse, match="OTEL_EXPORTER_OTLP_PROTOCOL: spans are sent as http"):
        start_telemetry()


def imported(environment: dict[str, str], root: Path) -> set[str]:
    """The modules that `hub run` imports."""
    script = (
        "import sys, json; sys.argv = ['hub', 'run']\n"
        "from hub.main import main\n"
        "main()\n"
        "json.dump(list(sys.modules), open('modules.json', 'w'))"
    )
    subprocess.run([sys.executable, "-c", script], cwd=root, env=environment, check=True)
    return set(json.loads((root / "modules.json").read_text()))


def test_nothing_is_imported_where_nothing_is_on(after_run: Workbench):
    modules = imported({**os.environ, "OTEL_SDK_DISABLED": "true"}, after_run.root)
    unwanted = (
        "openlineage",
        "opentelemetry",
        "httpx",
        "stamina",
        "requests",
        "hub.alerts.delivery",
    )
    assert [name for name in modules if name.startswith(unwanted)] == []


def test_the_command_sends_both_as_the_environment_says(
    after_run: Workbench, collector: Receiver, tmp_path: Path
):
    log = tmp_path / "lineage.ndjson"
    environment = {
        **os.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": base(collector),
        "OTEL_SERVICE_NAME": "shop",
        "OPENLINEAGE__TRANSPORT__TYPE": "file",
        "OPENLINEAGE__TRANSPORT__LOG_FILE_PATH": str(log),
        "OPENLINEAGE__TRANSPORT__APPEND": "true",
    }
    subprocess.run([HUB, "run"], cwd=after_run.root, env=environment, check=True)
    assert {span["service"] for span in received(collector)} == {"shop"}
    states = [json.loads(line)["eventType"] for line in log.read_text().splitlines()]
    assert states == ["START", "COMPLETE"]
