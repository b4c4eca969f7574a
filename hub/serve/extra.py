"""Tells whether what the server needs is installed."""

from importlib.util import find_spec

from loader.errors import HubError

_NEEDED = ("fastapi", "uvicorn", "jwt", "prometheus_client", "psutil", "jinja2")


def require_extra() -> None:
    """Raise HubError where a package of the extra `serve` is missing."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise HubError(
            "the extra `serve`",
            f"{', '.join(missing)} cannot be imported",
            "Install it: `make serve-setup`, or `pip install '.[serve]'`.",
        )
