"""GET /metrics: how the hub is doing, and which requests this server answered, for Prometheus."""

import time

import prometheus_client
from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.serve.access import Role, require
from hub.serve.alert_metrics import AlertMetrics
from hub.serve.glance import Glances
from hub.serve.problems import responses
from hub.serve.snapshot_metrics import SnapshotMetrics
from loader.config.project import Project
from loader.tracing import note, span

router = APIRouter(tags=["operations"])

# or each counter has a second series with the time at which it began, which nobody asks for
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

# what a client writes as its method has no bounds; the values of a label must have
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
# seconds: from a cached answer to an export that takes minutes
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)


class Metrics:
    """All metrics of one server."""

    def __init__(self, glances: Glances, project: Project) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "hub_http_requests_total",
            "Requests answered, by the route's template, method and status.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._durations = Histogram(
            "hub_http_request_duration_seconds",
            "From a request to the last byte of its answer, by the route's template and method.",
            ("route", "method"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        self.registry.register(SnapshotMetrics(glances))
        self.registry.register(AlertMetrics(project))

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Note a request that was answered."""
        route, method = _route(scope), _method(scope)
        self._requests.labels(route, method, str(status)).inc()
        self._durations.labels(route, method).observe(seconds)


class CountRequests:
    """ASGI middleware that notes each request, also one that fails or whose client goes away, and
    makes a span of it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500  # what the server answers where the application does not
        started = time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with span(f"serve {_method(scope)}", http__request__method=_method(scope)):
            try:
                await self._app(scope, receive, watch)
            finally:
                note(http__route=_route(scope), http__response__status_code=status)
                self._metrics.count(scope, status, time.perf_counter() - started)


def _route(scope: Scope) -> str:
    """The route's template; never the address that was asked for: of these there is no end."""
    return getattr(scope.get("route"), "path", None) or "unmatched"


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={
        **responses(401, 403, 429),
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
    },
    dependencies=[Depends(require(Role.SCRAPE))],
)
def metrics(request: Request) -> Response:
    """All metrics in Prometheus' text format.

    What they say of the warehouse is asked once for each snapshot; ages are as of the request.
    """
    collected: Metrics = request.app.state.metrics
    return Response(generate_latest(collected.registry), media_type=CONTENT_TYPE_LATEST)
