"""The extras, which add packages to what every command needs: tells whether they are installed."""

from importlib.util import find_spec

from loader.errors import HubError

# extra -> what it is imported as
_NEEDED = {
    "serve": ("fastapi", "uvicorn", "jwt", "prometheus_client", "psutil", "jinja2"),
    "delta": ("deltalake",),
    "spark": ("deltalake", "pyarrow"),
    "backup": ("pyrage",),
    "mcp": ("mcp",),
}


def require_extra(name: str) -> None:
    """Raise HubError where a package of an extra is missing."""
    missing = [module for module in _NEEDED[name] if find_spec(module) is None]
    if missing:
        raise HubError(
            f"the extra `{name}`",
            f"{', '.join(missing)} cannot be imported",
            f"Install it: `make {name}-setup`, or `pip install '.[{name}]'`.",
        )
