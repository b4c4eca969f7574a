"""Asks for the page at a position, again where what it says cannot be right."""

import logging
import time
from dataclasses import dataclass, field
from typing import Literal

import httpx

from loader.config.http import HttpSettings, Offset, PageNumbers
from loader.pull.http.body import NoItems
from loader.pull.http.client import Client, Page, no_page
from loader.pull.http.endpoint import Endpoint
from loader.pull.http.errors import PageRejected, PullFailed
from loader.pull.pages import page_file
from loader.pull.paginators import (
    Position,
    address_of,
    declares_end,
    first_position,
    items_missing,
    position_after,
)
from loader.pull.state import PullState
from loader.readers import UnreadableFile

log = logging.getLogger(__name__)

# An API may be wrong for a moment. What cannot be right is asked for so many times in all.
ASKS = 3

Doubt = Literal["repeats", "leads back", "falls short"]


@dataclass
class Asker:
    """Asks for pages of one source.

    where:           the source, for errors.
    contents, asked: digests and positions of the pages that this pull has had.
    """

    where: str
    settings: HttpSettings
    endpoint: Endpoint
    client: Client
    contents: set[str] = field(default_factory=set)
    asked: set[Position] = field(default_factory=set)

    def ask(self, state: PullState) -> tuple[Page, Position, Doubt | None]:
        """The page at the position of `state`, the position after it, and what is wrong with it.
        Raises PullFailed."""
        name = f"page {state.pages + 1}"
        try:
            address = address_of(self.settings, self.endpoint, state.position, state.asked_since)
            for asks_left in reversed(range(ASKS)):
                page, after, doubt = self._ask_once(state, address, name)
                if doubt is None:
                    break
                log.info("%s: %s %s", self.where, name, doubt)
                if asks_left:
                    time.sleep(self.settings.retries.first_wait)
        except (UnreadableFile, NoItems, httpx.InvalidURL) as error:
            why = f": {error}" if isinstance(error, NoItems) else ""
            raise PullFailed(
                self.where,
                f"{name}: what should lead to the next page cannot be used{why}",
                "Correct `pagination` in the source's YAML, or tell the API's owner.",
            ) from error
        self.asked.add(state.position)
        return page, after, doubt

    def _ask_once(
        self, state: PullState, address: httpx.URL, name: str
    ) -> tuple[Page, Position, Doubt | None]:
        pagination = self.settings.pagination
        try:
            page = self.client.page(address, name)
        except PageRejected as error:
            if not self._is_past_the_end(error, state.position):
                raise
            return no_page(address), None, None
        after = position_after(
            pagination, self.endpoint, state.position, page, state.items, self.where
        )
        if after == state.position and not page.items:
            after = None  # some APIs give out, at their end, the cursor that they were given
        return page, after, self._doubt(state, page, after)

    def _is_past_the_end(self, error: PageRejected, position: Position) -> bool:
        """Whether an API without any other sign of its end says so by 404."""
        pagination = self.settings.pagination
        return (
            error.status == 404
            and isinstance(pagination, PageNumbers | Offset)
            and not declares_end(pagination)
            and position != first_position(pagination)
        )

    def _doubt(self, state: PullState, page: Page, after: Position) -> Doubt | None:
        if page.items and page_file(page.items).sha256 in self.contents:
            return "repeats"
        if after is not None and after in {*self.asked, state.position}:
            return "leads back"
        missing = items_missing(self.settings.pagination, page, state.items, self.where)
        return "falls short" if missing else None
