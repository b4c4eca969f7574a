"""A visitor of the page, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi.testclient import TestClient

from hub.serve.access import Role
from loader.warehouse.snapshots import publish
from tests.serve.html_checks import Page
from tests.serve.serving import application, token
from tests.support.workbench import Workbench


@contextmanager
def visiting(bench: Workbench) -> Iterator[TestClient]:
    """A client of a server for the project as it stands, without a token; it follows no
    redirects."""
    app = application(bench)
    try:
        yield TestClient(app, follow_redirects=False)
    finally:
        app.state.snapshots.close()


@contextmanager
def published(bench: Workbench) -> Iterator[TestClient]:
    """The same, with the warehouse published as it stands."""
    publish(bench.database)
    with visiting(bench) as client:
        yield client


def sign_in(client: TestClient, role: Role = Role.READER) -> None:
    """Sign in as somebody fills in the form; the client keeps the cookie."""
    answer = client.post("/sign-in", data={"token": token(role)})
    assert answer.status_code == 303, answer.text


def look(client: TestClient, address: str) -> Page:
    """A page that can be read, parsed, without faults."""
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.text)
    page = Page(answer.text)
    assert page.faults == [], address
    return page
