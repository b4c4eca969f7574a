"""How long a connection may keep the server waiting: for a request, and to take the answer."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# seconds for a request, headers and body, from its first byte (or the connection's beginning)
REQUEST_SECONDS = 15.0
# seconds in which a client takes nothing of what waits for it
ANSWER_SECONDS = 30.0


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that breaks off connections which send or take too slowly."""

    request_seconds = REQUEST_SECONDS
    answer_seconds = ANSWER_SECONDS

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._sending: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._sending = self.loop.call_later(self.request_seconds, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            if self._sending is None:
                self._sending = self.loop.call_later(self.request_seconds, self.transport.abort)
        else:
            self._stop_waiting_for_request()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking = self.loop.call_later(self.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_waiting_for_client()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting_for_request()
        self._stop_waiting_for_client()
        super().connection_lost(exc)

    def _stop_waiting_for_request(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def _stop_waiting_for_client(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
