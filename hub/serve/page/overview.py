"""The page at `/`: is everything accounted for, and what should somebody look at?"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from hub.alerts.watch import current_alerts
from hub.serve.access import Identity, Role
from hub.serve.page.charts import run_chart
from hub.serve.page.render import page
from hub.serve.page.route import PageRoute
from hub.serve.page.session import visitor
from hub.serve.reading import raw_text_of
from loader.config.project import Project
from loader.warehouse.lock import is_being_written

router = APIRouter(route_class=PageRoute)

Reader = Annotated[Identity, Depends(visitor(Role.READER))]


@router.get("/")
def overview(request: Request, identity: Reader) -> HTMLResponse:
    """The overview of the newest snapshot, which is asked once; ages are as of the request."""
    project: Project = request.app.state.project
    glance = request.app.state.glances.current()
    seen = glance.overview if glance else None
    return page(
        request,
        identity,
        "overview.html",
        {
            "errors_shown": raw_text_of(request).of_errors,
            "chart": run_chart(seen.runs if seen else ()),
            "alerts": current_alerts(project),
            "is_at_work": is_being_written(project.database),
            "min_quality": project.vars.min_quality,
        },
    )
