"""Puts the application together: its state, its routes, its guards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware

from hub.published.snapshots import Snapshots
from hub.published.tables import KeyHash
from hub.scaffold.contract import sensitive_entities
from hub.serve import metrics, page
from hub.serve.export import Exports
from hub.serve.glance import Glances
from hub.serve.guards import Guards
from hub.serve.limits import RateLimit
from hub.serve.problems import Problem, handle_problems
from hub.serve.publisher import publisher_of
from hub.serve.reading import handle_not_modified
from hub.serve.routes import ask, data, health, write
from hub.serve.settings import ServeSettings
from hub.serve.work import Work
from loader import __version__
from loader.config.project import Project

# Requests that are answered at the same time; further ones wait. Each takes memory, up to 10 MB,
# and more of them than this finish later on a few cores, not earlier.
_AT_ONCE = 16

_ABOUT = """
The warehouse over HTTP: rows, and what became of every record.

All reads answer from the newest published snapshot, which holds the state after one run; its ETag
is that run. Send it back as `If-None-Match`, and the answer is 304 until something changes.

Tokens are made by `hub token --role reader --days 30 --subject NAME` and sent as
`Authorization: Bearer TOKEN`. A `reader` may read, an `operator` write, too. Errors are
`application/problem+json`. Times are UTC and end in Z; decimals are text, so that no digit is lost.
"""


def create_app(project: Project, settings: ServeSettings) -> FastAPI:
    """The application for a project.

    What routes share is in `app.state`: project, settings, snapshots; glances (at the newest),
    metrics; work (hub commands that it starts), exports, publisher, key_hash; sensitive (entities
    whose raw text is for operators); failures (refused tokens) and writes, as limits.
    """
    app = FastAPI(
        title="Data integration hub",
        version=__version__,
        description=_ABOUT,
        # its page would fetch scripts from elsewhere
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.project = project
    app.state.settings = settings
    app.state.snapshots = Snapshots(project)
    app.state.glances = Glances(app.state.snapshots, project)
    app.state.metrics = metrics.Metrics(app.state.glances, project)
    app.state.exports = Exports(settings.api_export_seconds)
    app.state.work = Work(project)
    app.state.publisher = publisher_of(project)
    app.state.key_hash = KeyHash(project)
    app.state.sensitive = sensitive_entities(project.root)
    app.state.failures = RateLimit(settings.api_failures_per_minute, "refused tokens")
    app.state.writes = RateLimit(settings.api_writes_per_minute, "writes")
    handle_problems(app)
    handle_not_modified(app)
    for routes in (health, write, data, ask, metrics, page):
        app.include_router(routes.router)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match", "X-Request-ID"],
            expose_headers=["ETag", "X-Request-ID", "Content-Location"],
        )
    app.add_middleware(Guards)
    app.add_middleware(metrics.CountRequests, metrics=app.state.metrics)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    current_default_thread_limiter().total_tokens = _AT_ONCE
    app.state.snapshots.follow()
    if app.state.project.vars.publish:
        app.state.publisher.start()
    yield
    app.state.publisher.stop()
    app.state.snapshots.close()


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The description of the API, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = schema["components"]["schemas"]
        # errors of requests are problems, too
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs") | {"Problem": problem}
        app.openapi_schema = schema
    return app.openapi_schema
