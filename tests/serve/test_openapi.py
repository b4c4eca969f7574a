"""The description of the API: complete, worth reading, and true of every endpoint."""

import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.generation import GenerationMode

from hub.serve.access import Role
from hub.serve.work import Work
from tests.serve.serving import application, bearing

PATHS = {
    "/health": "get",
    "/metrics": "get",
    "/data/{id}": "get",
    "/entities": "get",
    "/entities/{entity}/records": "get",
    "/entities/{entity}/export": "get",
    "/why/{key}": "get",
    "/dead-letters": "get",
    "/reconciliation/{entity}": "get",
    "/runs": "get",
    "/runs/{run_id}": "get",
    "/sources": "get",
    "/data/process": "post",
    "/dead-letters/redrive": "post",
    "/dead-letters/discard": "post",
}


@pytest.fixture
def description(served) -> dict[str, Any]:
    found: dict[str, Any] = application(served).openapi()
    return found


def test_every_endpoint_is_described(description):
    breaches = []
    for path, method in PATHS.items():
        route = description["paths"][path][method]
        breaches += [
            f"{path}: no {name}" for name in ("summary", "description", "tags") if name not in route
        ]
        breaches += [
            f"{path}: {parameter['name']} is not described"
            for parameter in route.get("parameters", [])
            if not parameter.get("description")
        ]
        if path != "/health" and route["security"] != [{"HTTPBearer": []}]:
            breaches.append(f"{path}: no security")
        # two take nothing that could be wrong
        statuses = {"/health": (), "/metrics": ("401", "403")}.get(path, ("401", "403", "422"))
        for status in statuses:
            kinds = route["responses"][status]["content"]
            if list(kinds) != ["application/problem+json"]:
                breaches.append(f"{path}: {status} is {list(kinds)}")
    assert not breaches


def test_every_member_of_a_body_is_described_or_named_well(description):
    schemas = description["components"]["schemas"]
    named = set(re.findall(r"#/components/schemas/(\w+)", str(description)))
    assert named <= schemas.keys()
    assert not {"HTTPValidationError", "ValidationError"} & schemas.keys()
    assert not [name for name, schema in schemas.items() if not schema.get("description")]


class NoWork(Work):
    """Starts commands that do nothing, so that a thousand requests start no runs."""

    def start(self, *arguments: Any) -> Any:
        job = super().start(*arguments)
        self._jobs.clear()
        return job


def schema_of(served) -> Any:
    app = application(served, api_writes_per_minute=10**6, api_failures_per_minute=10**6)
    app.state.work = NoWork(served.project, ["sh", "-c", "echo '[]'"])
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("path", PATHS)
def test_every_endpoint_does_as_it_says(served, path, mode):
    """With what the description allows, and with what it does not; with tokens, and with none."""
    operation = schema_of(served)[path][PATHS[path]]
    if mode is GenerationMode.NEGATIVE and path in ("/health", "/metrics", "/entities", "/sources"):
        pytest.skip("it takes nothing that could be wrong")

    @settings(
        max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case):
        case.call_and_validate(headers=bearing(Role.OPERATOR))

    call()
