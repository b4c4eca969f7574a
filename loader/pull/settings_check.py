"""Tells when a source's pull settings have changed, and when they seem to be wrong."""

import hashlib
import json

from msgspec.structs import asdict

from loader.config.http import Cursor, HttpSettings
from loader.pull.http.client import Page
from loader.pull.http.endpoint import Endpoint
from loader.pull.state import PullState


def settings_digest(settings: HttpSettings, endpoint: Endpoint) -> str:
    """The digest of what gives a position and a greatest value their meaning; not of the port,
    which moves."""
    since = settings.since
    meaning = [
        str(endpoint.url.copy_with(port=None)),
        settings.items,
        settings.parameters,
        settings.pagination and asdict(settings.pagination),
        type(settings.pagination).__name__,
        since and (since.parameter, since.field, since.kind),
    ]
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()


def signs_of_wrong_settings(settings: HttpSettings, state: PullState, last: Page) -> list[str]:
    """Warnings about settings that seem to be wrong in a way that no single page could show.

    state: at the end of a pull.   last: its last page.
    """
    warnings = []
    if settings.missing_items == "empty" and not state.items and not last.body.has(settings.items):
        warnings.append(
            f"nothing at {'.'.join(settings.items)} and no items at all: if there are some, "
            "correct `items`"
        )
    since, pagination = settings.since, settings.pagination
    if since and state.items and state.greatest is None:
        warnings.append(
            f"no item has a {since.kind} at {'.'.join(since.field)}: the next pull asks for "
            "everything again"
        )
    if (
        isinstance(pagination, Cursor)
        and last.items
        and state.pages == 1
        and state.asked_since is None
        and not last.body.has(pagination.path)
    ):
        warnings.append(
            f"nothing at {'.'.join(pagination.path)} in the only page: if there are more, "
            "correct `path`"
        )
    return warnings
