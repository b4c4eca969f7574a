"""Pulls a source page by page: a page is on the disk before the place to go on at moves."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from msgspec import structs

from loader.config.http import Cursor, HttpSettings
from loader.config.project import Project
from loader.config.sources import Source
from loader.errors import HubError, WrongUse
from loader.pull.asking import ASKS, Asker, Doubt
from loader.pull.checkpoint import Checkpoint
from loader.pull.http.client import Client, Page
from loader.pull.http.endpoint import Endpoint, open_endpoint
from loader.pull.http.errors import PageRejected, PullFailed
from loader.pull.incremental import greatest, value_to_ask_for
from loader.pull.outcome import PullOutcome as PullOutcome
from loader.pull.pages import open_folder, page_file, write_page
from loader.pull.paginators import Position, first_position, may_end_by_repeating
from loader.pull.settings_check import settings_digest, signs_of_wrong_settings
from loader.pull.state import PullState
from loader.pull.times import WarehouseTimes
from loader.pull.window import parameters_of
from loader.warehouse.run_log import utc_now

log = logging.getLogger(__name__)

# what an API may say to a cursor or an address that it gave out long ago
_GONE = (400, 404, 410, 422)


def sources_to_pull(project: Project, names: Iterable[str]) -> tuple[Source, ...]:
    """The named sources, or all that are pulled. Raises WrongUse for one that is not."""
    pulled = {name: source for name, source in project.sources.items() if source.http}
    known = f"Pulled are {', '.join(pulled)}." if pulled else "Declare `http` under its `meta`."
    for name in names:
        if name not in pulled:
            is_source = name in project.sources
            raise WrongUse(
                f"source '{name}'",
                "its YAML declares no `http`" if is_source else "it is not registered",
                known,
            )
    if not pulled:
        raise WrongUse("hub pull", "no source declares `http`", "Declare it under `meta`.")
    return tuple(pulled[name] for name in dict.fromkeys(names)) or tuple(pulled.values())


def pull_source(
    checkpoint: Checkpoint, project: Project, source: Source, *, full: bool = False
) -> PullOutcome:
    """Pull what is new from one source into its folder, or the window that the checkpoint has of
    it; a failure is an outcome.

    full: ask for everything, whatever was pulled before.
    """
    where = f"source '{source.name}'"
    settings = source.http
    if settings is None:
        raise WrongUse(where, "its YAML declares no `http`", "Declare it under its `meta`.")
    window, asked = checkpoint.windows[source.name], {}
    if window and settings.window:
        # nothing but the window counts: neither what was pulled before, nor what comes now
        asked = parameters_of(settings.window, window, source.timezone)
        settings = structs.replace(
            settings, since=None, parameters={**settings.parameters, **asked}
        )
    try:
        folder = open_folder(project.landing, source.name)
        endpoint = open_endpoint(settings, where)
        client = Client(source.name, endpoint, settings)
    except HubError as error:
        log.error("%s", error)
        return PullOutcome(source.name, "failed", error=str(error), exit_code=error.exit_code)
    with client:
        asker = Asker(where, settings, endpoint, client)
        times = WarehouseTimes(project)
        pull = _Pull(checkpoint, source, settings, endpoint, asker, folder, times, asked)
        return pull.carry_out(full)


@dataclass
class _Pull:
    """The pull of one source.

    asked: the parameters that ask for a window; none where what is new is pulled.
    pages, items: pulled now.   is_doubtful: whether its end was only taken for one.
    """

    checkpoint: Checkpoint
    source: Source
    settings: HttpSettings
    endpoint: Endpoint
    asker: Asker
    folder: Path
    times: WarehouseTimes
    asked: Mapping[str, str]
    state: PullState = field(default_factory=PullState)
    resumed: bool = False
    pages: int = 0
    items: int = 0
    warnings: list[str] = field(default_factory=list)
    is_doubtful: bool = False

    @property
    def where(self) -> str:
        return f"source '{self.source.name}'"

    def carry_out(self, full: bool) -> PullOutcome:
        """Pull to the end, or as far as it goes."""
        error = None
        self._begin(full)
        try:
            self._pull()
        except PullFailed as failure:
            error = failure
            log.error("%s", error)
            self._save(str(error))
        for warning in self.warnings:
            log.warning("%s: %s", self.source.name, warning)
        log.info("%s: %d pages, %d items", self.source.name, self.pages, self.items)
        return PullOutcome(
            self.source.name,
            "failed" if error else "complete",
            self.resumed,
            self.state.asked_since,
            self._asked_of_window("until"),
            self.pages,
            self.items,
            self.asker.client.requests,
            self.asker.client.failures,
            tuple(self.warnings),
            str(error) if error else None,
            error.exit_code if error else 0,
        )

    def _begin(self, full: bool) -> None:
        """Go on with a pull that has not ended, or start from the greatest value seen."""
        self.state = self.checkpoint.states[self.source.name]
        digest = settings_digest(self.settings, self.endpoint)
        if self.state.settings not in (None, digest):
            if not self.asked:
                self.warnings.append("its settings changed, so everything is asked for")
            self.state = PullState()
        if self.state.is_open and not full:
            self.resumed = True
            return
        since, asked_since = self.state.since, self._asked_of_window("since")
        if self.settings.since and not full:
            asked_since = value_to_ask_for(self.settings.since, since)
        self._start(digest, since, asked_since)

    def _asked_of_window(self, end: Literal["since", "until"]) -> str | None:
        window = self.settings.window
        return self.asked.get(str(getattr(window, end))) if window else None

    def _start(self, digest: str | None, since: str | None, asked_since: str | None) -> None:
        self.state = PullState(
            settings=digest,
            since=since,
            asked_since=asked_since,
            position=first_position(self.settings.pagination),
            greatest=since,
            started_at=utc_now(),
        )

    def _pull(self) -> None:
        for _ in range(self.settings.limits.pages):
            try:
                page, after, doubt = self.asker.ask(self.state)
            except PageRejected as error:
                if not (self.resumed and not self.pages and error.status in _GONE):
                    raise
                self._start_over(error.status)
                continue
            if doubt:
                after = self._after_doubt(doubt, page, after)
            if doubt != "repeats":
                self._keep(page)
            self._move(page if doubt != "repeats" else None, after)
            if after is None:
                # a window may well have no records, or one page
                if not self.asked:
                    self.warnings += signs_of_wrong_settings(self.settings, self.state, page)
                return
        raise PullFailed(
            self.where,
            f"{self.settings.limits.pages:,} pages and no end",
            "Run the same `hub pull` again, it continues here; or raise `pages` under `limits`.",
        )

    def _start_over(self, status: int) -> None:
        told = f"the API no longer knows where the last pull stopped (status {status})"
        self.warnings.append(f"{told}, so this one starts from the beginning")
        self.resumed = False
        self._start(self.state.settings, self.state.since, self.state.asked_since)

    def _after_doubt(self, doubt: Doubt, page: Page, after: Position) -> Position:
        """The position to go on at after a page that was doubtful each time. Raises PullFailed
        where the end is not known to be reached; the next pull then asks for this page again."""
        number = self.state.pages + 1
        if doubt == "falls short":
            self.warnings.append(f"the API declares more than the {self.state.items:,} that came")
            return None
        pagination = self.settings.pagination
        if isinstance(pagination, Cursor) and after is not None and after == self.state.position:
            # some APIs end so; where it was no end, the next pull asks for all of it again
            self.is_doubtful = True
            self.warnings.append(
                f"page {number} gives the cursor that it was asked for with: taken for the end"
            )
            return None
        if doubt == "leads back":
            self._keep(page)
            raise self._failed(f"page {number} names a page as its next that came before")
        if after is None or may_end_by_repeating(pagination, page):
            self.warnings.append(f"page {number} repeats one before it: taken for the end")
            return None
        raise self._failed(f"page {number} repeats one before it, though more should follow")

    def _failed(self, what: str) -> PullFailed:
        remedy = "Correct `pagination`, or tell the API's owner."
        return PullFailed(self.where, f"{what}, each of {ASKS} times", remedy)

    def _keep(self, page: Page) -> None:
        """Write the page, unless it is empty or the very same has landed before."""
        if not page.items:
            return
        file = page_file(page.items)
        self.asker.contents.add(file.sha256)
        self.pages += 1
        self.items += len(page.items)
        if file.sha256 in self.checkpoint.landed[self.source.name]:
            return
        # names sort by arrival, and none is ever used twice
        name = f"pull-{self.checkpoint.run_id}-{self.state.pages + 1:06}"
        self.checkpoint.add_page(self.source, write_page(self.folder, name, file))
        log.debug("%s: %s written", self.source.name, name)

    def _move(self, page: Page | None, after: Position) -> None:
        """Go on to the position `after` the page that is on the disk."""
        state = self.state
        seen = state.greatest
        items = page.items if page else []
        now = utc_now()
        if self.settings.since and items:
            seen = greatest(
                self.settings.since, self.source.timezone, now, seen, items, self.times.read
            )
        self.state = replace(
            state,
            position=after,
            greatest=seen,
            since=state.since if after is not None or self.is_doubtful else seen,
            pages=state.pages + bool(items),
            items=state.items + len(items),
            ended_at=now if after is None else None,
        )
        self._save()

    def _save(self, error: str | None = None) -> None:
        state = self.state
        if state.position is not None and self.endpoint.secrets.stand_in(state.position):
            # then the next pull begins anew
            state = replace(state, position=None)
        self.checkpoint.keep(self.source.name, state, error)
