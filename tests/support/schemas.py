"""What commands print as JSON against the schemas that they are described by."""

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.support.shipped import PROJECT

FOLDER = PROJECT / "hub" / "schemas"


@cache
def schemas() -> dict[str, Any]:
    """The schemas, by the names of their files."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def name_of(command: str) -> str:
    """The name of the schema of a command, such as `contract diff`."""
    return command.replace(" ", "-")


def breaches(command: str, data: Any) -> list[str]:
    """Where the JSON of a command is not what its schema says."""
    name = name_of(command)
    if name not in schemas():
        return [f"hub {command}: it has no schema in hub/schemas/"]
    found = _validator(name).iter_errors(data)
    return [f"hub {command}: {error.json_path}: {error.message[:300]}" for error in found]


@cache
def _validator(name: str) -> Draft202012Validator:
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas().values()
    )
    return Draft202012Validator(schemas()[name], registry=registry)
