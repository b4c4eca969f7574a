"""The request that a command carries out for somebody else, as the server tells it in the
environment."""

import json
from typing import Any

from loader.config.environment import read_environment
from loader.config.reading import Settings, read_as
from loader.errors import WrongUse

_VARIABLE = "HUB_REQUEST"


class Request(Settings, frozen=True):
    """Who asked for what. run_id: the identity that the run was given beforehand, None where the
    command logs no run."""

    request_id: str
    requested_by: str
    asked_for: dict[str, Any]
    run_id: str | None = None

    def as_environment(self) -> dict[str, str]:
        """The variable that tells a command of it."""
        told = {name: getattr(self, name) for name in self.__struct_fields__}
        return {_VARIABLE: json.dumps(told)}


def read_request() -> Request | None:
    """The request that this command carries out; None where somebody typed it. Raises WrongUse."""
    text = read_environment().request
    if not text:
        return None
    try:
        given = json.loads(text)
    except ValueError as error:
        raise WrongUse(_VARIABLE, "it is no JSON", "The server sets it; do not.") from error
    return read_as(Request, given, _VARIABLE)
