"""Puts the application together: its state, its routes, its guards."""

from fastapi import FastAPI

from hub.serve.limits import RateLimit
from hub.serve.problems import handle_problems
from hub.serve.settings import ServeSettings
from hub.serve.snapshots import Snapshots
from loader import __version__
from loader.config.project import Project


def create_app(project: Project, settings: ServeSettings) -> FastAPI:
    """The application for a project. What routes share is in `app.state`: project, settings,
    snapshots, failures (refused tokens) and writes, as limits."""
    app = FastAPI(
        title="Data integration hub",
        version=__version__,
        # its page would fetch scripts from elsewhere
        docs_url=None,
        redoc_url=None,
    )
    app.state.project = project
    app.state.settings = settings
    app.state.snapshots = Snapshots(project)
    app.state.failures = RateLimit(settings.api_failures_per_minute, "refused tokens")
    app.state.writes = RateLimit(settings.api_writes_per_minute, "writes")
    handle_problems(app)
    return app
