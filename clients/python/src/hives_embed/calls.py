"""One call: its deadline, its token, and patience with a server that is full."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import grpc

from .errors import DeadlineExceeded, EmbedError, Exhausted, of

# Longest pause before another try, in seconds.
_MAX_PAUSE = 30.0


class Caller:
    """Sends requests to a target."""

    def __init__(self, target: str, token: str | Callable[[], str] | None, patience: int) -> None:
        self._target = target
        self._token = token
        self._patience = max(1, patience)

    def __call__(self, method: Any, request: Any, deadline: float) -> Any:
        """Calls until deadline, a time.monotonic(). A full server names the pause before the next try; it doubles
        with every try and is spread, so that clients which were refused together do not come back together. What
        is UNAVAILABLE has been tried again by gRPC already."""
        for attempt in range(1, self._patience + 1):
            left = deadline - time.monotonic()
            if left <= 0:
                raise DeadlineExceeded(f"{self._target}: the timeout passed", grpc.StatusCode.DEADLINE_EXCEEDED)
            try:
                return method(request, timeout=left, metadata=self._metadata())
            except grpc.RpcError as error:
                kind = of(error, self._target)
            if not isinstance(kind, Exhausted) or kind.retry_after is None or attempt == self._patience:
                raise kind
            self._pause(kind, attempt, deadline)
        raise AssertionError("unreachable: the last try returns or raises")

    def _pause(self, kind: EmbedError, attempt: int, deadline: float) -> None:
        """Sleeps, unless the deadline would end it: then the server's answer is worth more than a timeout."""
        asked = min(max(kind.retry_after or 0.0, 0.001) * 2 ** (attempt - 1), _MAX_PAUSE)
        pause = asked * random.uniform(1.0, 1.5)
        if time.monotonic() + pause > deadline:
            raise kind
        time.sleep(pause)

    def _metadata(self) -> list[tuple[str, str]]:
        if self._token is None:
            return []
        token = self._token if isinstance(self._token, str) else self._token()
        return [("authorization", f"Bearer {token}")]
