"""The page: one screen that says how the hub is doing, and the details that it leads to."""

from fastapi import APIRouter

from hub.serve.page import actions, details, overview, signing_in
from hub.serve.page.route import PageRoute

router = APIRouter(include_in_schema=False, route_class=PageRoute)
for part in (overview, details, actions, signing_in):
    router.include_router(part.router)
