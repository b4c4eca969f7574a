"""The settings of the server, from the environment; secrets come from nowhere else."""

import os
from typing import Annotated

from msgspec import Meta

from loader.config.reading import Settings, read_as
from loader.errors import WrongUse

LEAST_SECRET_BYTES = 32
# a key typed by hand, or a run of one character, has fewer
_LEAST_DIFFERENT_BYTES = 10
# what stands for a secret in examples and tutorials
_KNOWN_DEFAULTS = ("changeme", "secretkey", "yoursecret", "mysecret", "replaceme", "example")
_REMEDY = (
    "Set it to a random text, kept out of the project: export SECRET_KEY=$(openssl rand -hex 32)"
)


class ServeSettings(Settings, frozen=True, rename="upper"):
    """How the server runs; the attributes are read from variables of these names in capitals. One
    that is empty counts as not set."""

    secret_key: Annotated[
        str, Meta(description="Signs and checks the tokens; at least 32 bytes. Never logged.")
    ]
    api_host: Annotated[str, Meta(description="The address to listen on; --host.")] = "127.0.0.1"
    api_port: Annotated[
        int, Meta(ge=0, le=65535, description="The port to listen on, 0 for any free one; --port.")
    ] = 8000
    api_cors_origins: Annotated[
        str,
        Meta(
            description="The web pages of other origins that may call the API, with commas "
            "between, such as https://reports.example.com."
        ),
    ] = ""
    api_read_seconds: Annotated[
        float, Meta(gt=0, description="How long a read may take before it is broken off.")
    ] = 10.0
    api_export_seconds: Annotated[
        float, Meta(gt=0, description="How long an export may take before it is broken off.")
    ] = 900.0
    api_writes_per_minute: Annotated[
        int, Meta(ge=1, description="The writes that one subject may ask for in a minute.")
    ] = 20
    api_failures_per_minute: Annotated[
        int, Meta(ge=1, description="The refused tokens of one address in a minute.")
    ] = 60
    webhook_url: Annotated[
        str | None, Meta(description="Where alerts are sent to, as JSON by POST.")
    ] = None

    @property
    def cors_origins(self) -> tuple[str, ...]:
        """The origins of `api_cors_origins`, one by one."""
        return tuple(part.strip() for part in self.api_cors_origins.split(",") if part.strip())


def read_settings() -> ServeSettings:
    """The settings of the environment. Raises WrongUse where one is missing or wrong."""
    given: dict[str, object] = {"SECRET_KEY": secret_key()}
    for name, variable in zip(
        ServeSettings.__struct_fields__, ServeSettings.__struct_encode_fields__, strict=True
    ):
        text = os.environ.get(variable, "").strip()
        if text and variable not in given:
            given[variable] = _number(text) if _is_number(name) else text
    return read_as(ServeSettings, given, "the environment")


def secret_key() -> str:
    """SECRET_KEY, from the environment. Raises WrongUse, which does not show it, where it is
    missing or could be guessed."""
    secret = os.environ.get("SECRET_KEY", "").strip()
    if not secret:
        raise WrongUse("SECRET_KEY", "it is not set, and tokens cannot be checked", _REMEDY)
    found = secret.encode(errors="surrogateescape")
    if len(found) < LEAST_SECRET_BYTES:
        raise WrongUse(
            "SECRET_KEY", f"it has {len(found)} bytes, and needs {LEAST_SECRET_BYTES}", _REMEDY
        )
    letters = "".join(char for char in secret.lower() if char.isalnum())
    if len(set(found)) < _LEAST_DIFFERENT_BYTES or any(word in letters for word in _KNOWN_DEFAULTS):
        raise WrongUse("SECRET_KEY", "it is an example, or easily guessed", _REMEDY)
    return secret


def _is_number(name: str) -> bool:
    return ServeSettings.__annotations__[name].__origin__ in (int, float)


def _number(text: str) -> object:
    """The number that a text is, or the text, which is then refused by its type."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text
