"""A window of time that is pulled once more: what was asked for, and how an API is asked for it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from loader.config.http import WindowSettings
from loader.config.sources import Source
from loader.errors import WrongUse
from loader.pull.times import WarehouseTimes

# the step of the warehouse's clock
_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)
# no time zone and no whole day may lead out of the calendar
_FIRST, _LAST = datetime.min + 2 * _DAY, datetime.max - 2 * _DAY
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Window:
    """A window of time, in UTC and without a zone.

    since: counts; until: does not. None: the window is open there.
    """

    since: datetime | None
    until: datetime | None


def window_of(
    source: Source, times: WarehouseTimes, since: str | None, until: str | None
) -> Window:
    """The window that the texts name, for one source: without an offset, a time is in its zone.

    Raises WrongUse for a source that cannot be asked for a window, and for what is none.
    """
    if source.http is None or source.http.window is None:
        raise WrongUse(
            f"source '{source.name}'",
            "its YAML does not say how its API is asked for a window",
            "Write `window: {since: PARAMETER, until: PARAMETER}` under `http`, with the API's own "
            "names, or name the sources that have it.",
        )
    window = Window(
        _moment(source, times, "--since", since), _moment(source, times, "--until", until)
    )
    if window.since is not None and window.until is not None and window.since >= window.until:
        raise WrongUse(
            f"--since {since} --until {until}",
            f"for source '{source.name}' the window ends before it has begun",
            "--since counts, --until does not: 2025-01-15 and 2025-01-16 are one day.",
        )
    return window


def parameters_of(settings: WindowSettings, window: Window, zone: str) -> dict[str, str]:
    """The query parameters that ask for a window.

    What they ask for has all of the window, and as little more as the format allows.
    zone: the time zone of dates.
    """
    asked = {}
    if window.since is not None:
        asked[str(settings.since)] = _written(settings, window.since, zone)
    if window.until is not None:
        asked[str(settings.until)] = _end_written(settings, window.until, zone)
    return asked


def _moment(
    source: Source, times: WarehouseTimes, option: str, text: str | None
) -> datetime | None:
    if text is None:
        return None
    (moment,) = times.read([text], source.timezone)
    if moment is None or not _FIRST <= moment <= _LAST:
        raise WrongUse(
            f"{option} {text}",
            "this is no moment",
            "Write it as 2025-01-15, 2025-01-15T12:00:00 or 2025-01-15T12:00:00+02:00.",
        )
    return moment


def _written(settings: WindowSettings, moment: datetime, zone: str) -> str:
    if settings.format == "timestamp":
        return f"{moment.isoformat()}Z"
    if settings.format == "date":
        return _date(moment, zone).isoformat()
    unit = timedelta(seconds=1) if settings.format == "seconds" else timedelta(milliseconds=1)
    return str((moment - _EPOCH) // unit)


def _end_written(settings: WindowSettings, until: datetime, zone: str) -> str:
    if settings.format == "timestamp":
        return _written(settings, until, zone)
    # the day, second or millisecond of the last moment that counts
    last = until - _TICK
    if settings.format == "date":
        return (_date(last, zone) + (0 if settings.inclusive else 1) * _DAY).isoformat()
    # an API that compares moments has those within its last unit only if asked for the next one
    return str(int(_written(settings, last, zone)) + 1)


def _date(moment: datetime, zone: str) -> date:
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
