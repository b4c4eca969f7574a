"""Tells a webhook of alerts, in a process of its own: `python -m hub.alerts.delivery DATABASE`.

A run starts it and waits a moment at most, so a webhook that is slow or gone holds nobody up.
"""

import os
import signal
import subprocess  # nosec B404
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from hub.alerts.rules import webhook_url
from hub.alerts.state import Alert, Attempt, changing_state, delivering, read_state
from loader.warehouse.lock import InUse

_ATTEMPTS = 4
_SECONDS_FOR_AN_ANSWER = 10.0
_SECONDS_TO_CONNECT = 3.0
_SECONDS_OF_RETRIES = 30.0
# whatever a receiver does, the process ends
_SECONDS_IN_ALL = 120
# statuses that say: not now
_TRANSIENT = (408, 425, 429)
_MOST_ATTEMPTS_KEPT = 50
_SIGNS = {"info": ":large_blue_circle:", "warning": ":warning:", "critical": ":red_circle:"}

_at_work: list["subprocess.Popen[bytes]"] = []


def start_delivery(database: Path, patience: float) -> int | None:
    """Tell the webhook what is owed, in a process of its own. Returns the code that it ended with,
    None where it is still at it after `patience` seconds."""
    _at_work[:] = [process for process in _at_work if process.poll() is None]
    process = subprocess.Popen(  # nosec B603
        # without the current folder among those that modules come from
        [sys.executable, "-P", "-m", "hub.alerts.delivery", str(database)],
        stdin=subprocess.DEVNULL,
        # whoever reads what the command prints must not wait for this process
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C in the terminal is not meant for it
        start_new_session=True,
    )
    try:
        return process.wait(patience)
    except subprocess.TimeoutExpired:
        _at_work.append(process)
        return None


def deliver(database: Path, url: str) -> None:
    """Tell the webhook all that is owed, the oldest first, until it takes no more. Where another
    process is at it, that one tells this, too."""
    goes_on = True
    while goes_on and any(alert.is_owed for alert in read_state(database).alerts):
        try:
            with delivering(database):
                goes_on = _tell_all(database, url)
        except InUse:
            return
        # what was added before the lock was given back is nobody's yet: look again


def message(alert: Alert, status: str, database: Path) -> dict[str, Any]:
    """What the webhook gets: `text` for Slack and its like, and the alert's fields for programs.

    status: firing or resolved.
    """
    sign = _SIGNS[alert.severity] if status == "firing" else ":white_check_mark:"
    words = alert.summary if status == "firing" else f"over. It was: {alert.summary}"
    text = f"{sign} {alert.rule} ({database.stem}): {words}"
    fields = {name: getattr(alert, name) for name in alert.__struct_fields__}
    for name in ("began_told_at", "ended_told_at"):
        del fields[name]
    return {
        # Slack takes these three for marks of its own
        "text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
        "status": status,
        "warehouse": database.name,
        **fields,
    }


def _tell_all(database: Path, url: str) -> bool:
    """Whether the webhook took all that was owed."""
    # imported here because nothing else in a run of files needs them
    import httpx

    timeout = httpx.Timeout(_SECONDS_FOR_AN_ANSWER, connect=_SECONDS_TO_CONNECT)
    try:
        client = httpx.Client(timeout=timeout)
    except (OSError, ValueError, httpx.InvalidURL):
        _note(database, None, "the environment's certificates or proxies cannot be used")
        return False
    with client:
        while owed := [alert for alert in read_state(database).alerts if alert.is_owed]:
            alert = min(owed, key=lambda alert: alert.ended_at or alert.began_at)
            status = "firing" if alert.began_told_at is None else "resolved"
            failure = _send(client, url, message(alert, status, database))
            _note(database, (alert.id, status), failure)
            if failure:
                return False
    return True


def _send(client: Any, url: str, content: dict[str, Any]) -> str | None:
    """Send a message, again where that may help; why it was not taken, None where it was."""
    import httpx
    import stamina
    import stamina.instrumentation

    class NotTaken(Exception):
        is_final = False

    # its own line would show the address
    stamina.instrumentation.set_on_retry_hooks([])
    try:
        for attempt in stamina.retry_context(
            on=lambda error: isinstance(error, NotTaken) and not error.is_final,
            attempts=_ATTEMPTS,
            timeout=_SECONDS_OF_RETRIES,
            wait_initial=0.5,
            wait_max=8.0,
            wait_jitter=0.5,
        ):
            with attempt:
                try:
                    with client.stream(
                        "POST",
                        url,
                        content=msgspec.json.encode(content),
                        headers={
                            "Content-Type": "application/json",
                            "Idempotency-Key": f"{content['id']}/{content['status']}".encode(),
                        },
                    ) as response:
                        status = response.status_code
                except httpx.TimeoutException as error:
                    raise NotTaken("no answer in time") from error
                except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                    # the error's text may hold the address
                    raise NotTaken(type(error).__name__) from error
                if not 200 <= status < 300:
                    refused = NotTaken(f"status {status}")
                    refused.is_final = status < 500 and status not in _TRANSIENT
                    raise refused
    except NotTaken as error:
        return str(error)
    return None


def _note(database: Path, sent: tuple[str, str] | None, failure: str | None) -> None:
    """Keep what became of a message, which is known by its alert and status; None: of all."""
    now = datetime.now(UTC)
    alert_id, status = sent or ("alerts", "firing")
    told = "began_told_at" if status == "firing" else "ended_told_at"
    with changing_state(database) as change:
        state = change.state
        alerts = [
            msgspec.structs.replace(alert, **{told: now})
            if alert.id == alert_id and not failure
            else alert
            for alert in state.alerts
        ]
        attempts = (*state.attempts, Attempt(alert_id, status, failure))
        change.set(
            alerts=tuple(alert for alert in alerts if alert.ended_at is None or alert.is_owed),
            attempts=attempts[-_MOST_ATTEMPTS_KEPT:],
        )


def main() -> None:
    """Tell the webhook what is owed, and end, whatever comes."""
    signal.alarm(_SECONDS_IN_ALL)
    os.nice(5)
    if url := webhook_url():
        deliver(Path(sys.argv[1]), url)


if __name__ == "__main__":
    main()
