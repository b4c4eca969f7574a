"""What an API is asked for has all of the window, in the form that the API reads."""

from datetime import datetime

import pytest

from loader.config.http import WindowSettings
from loader.pull.window import Window, parameters_of

# not on the second, so that every format has to round
SINCE = datetime(2025, 1, 14, 23, 30, 0, 250_500)
UNTIL = datetime(2025, 1, 16, 23, 0, 0, 1)


@pytest.mark.parametrize(
    ("settings", "zone", "since", "until"),
    [
        ({}, "UTC", "2025-01-14T23:30:00.250500Z", "2025-01-16T23:00:00.000001Z"),
        ({"format": "date"}, "UTC", "2025-01-14", "2025-01-17"),
        ({"format": "date", "inclusive": True}, "UTC", "2025-01-14", "2025-01-16"),
        ({"format": "date"}, "Europe/Berlin", "2025-01-15", "2025-01-18"),
        ({"format": "date", "inclusive": True}, "Europe/Berlin", "2025-01-15", "2025-01-17"),
        ({"format": "seconds"}, "UTC", "1736897400", "1737068401"),
        ({"format": "milliseconds"}, "UTC", "1736897400250", "1737068400001"),
    ],
)
def test_a_window_is_asked_for_as_the_settings_say(settings, zone, since, until):
    asked = parameters_of(WindowSettings("from", "to", **settings), Window(SINCE, UNTIL), zone)

    assert asked == {"from": since, "to": until}


@pytest.mark.parametrize(
    ("settings", "until"),
    [
        ({"format": "date"}, "2025-01-16"),
        ({"format": "date", "inclusive": True}, "2025-01-15"),
        ({"format": "seconds"}, "1736985600"),
        ({}, "2025-01-16T00:00:00Z"),
    ],
)
def test_a_window_that_ends_with_a_day_asks_for_no_other(settings, until):
    window = Window(None, datetime(2025, 1, 16))

    assert parameters_of(WindowSettings("from", "to", **settings), window, "UTC") == {"to": until}


def test_a_window_of_the_past_before_1970_rounds_the_same_way():
    window = Window(datetime(1969, 12, 31, 23, 59, 58, 500_000), datetime(1969, 12, 31, 23, 59, 59))

    asked = parameters_of(WindowSettings("from", "to", "seconds"), window, "UTC")

    assert asked == {"from": "-2", "to": "-1"}
