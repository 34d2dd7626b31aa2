"""Errors of embedd as exceptions, one class for each kind. Their words never hold a text."""

from __future__ import annotations

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status


class EmbedError(Exception):
    """A call that the server, or the way to it, answered with an error.

    reason is the server's stable name for it, as "QUEUE_FULL"; empty where it gave none. retry_after is the pause
    in seconds that a full server asks for; None where trying again makes no sense.
    """

    def __init__(self, message: str, code: grpc.StatusCode, reason: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.retry_after = retry_after


class InvalidRequest(EmbedError, ValueError):
    """The request is wrong, or beyond a limit that info() tells: change it."""


class NotFound(EmbedError, LookupError):
    """A value that does not exist."""


class Mismatch(EmbedError):
    """What was asked for does not fit what is served: no value vectors, no sign, a model replaced on the way."""


class Exhausted(EmbedError):
    """The server is full, and stayed so for all tries."""


class Unavailable(EmbedError, ConnectionError):
    """No server answers, or it is starting or ending."""


class DeadlineExceeded(EmbedError, TimeoutError):
    """The timeout passed first."""


class Canceled(EmbedError):
    """The call was cancelled."""


class Unauthenticated(EmbedError, PermissionError):
    """The token is missing or wrong, or does not allow this."""


class Corrupt(EmbedError):
    """The model's vector was not finite, or an answer is not what was asked for."""


class Internal(EmbedError):
    """A fault of the server."""


# Codes that stand here nowhere are Internal.
_CLASSES: dict[grpc.StatusCode, type[EmbedError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequest,
    grpc.StatusCode.UNIMPLEMENTED: InvalidRequest,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.FAILED_PRECONDITION: Mismatch,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Exhausted,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.CANCELLED: Canceled,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: Unauthenticated,
    grpc.StatusCode.DATA_LOSS: Corrupt,
}


def of(error: grpc.RpcError, target: str) -> EmbedError:
    """Makes an exception of gRPC's error, with what its details tell."""
    code = error.code()
    reason, retry_after = "", None
    for detail in _details(error):
        info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            reason = info.reason
        elif detail.Unpack(retry):
            retry_after = retry.retry_delay.ToTimedelta().total_seconds()
    return _CLASSES.get(code, Internal)(f"{target}: {error.details()}", code, reason, retry_after)


def _details(error: grpc.RpcError):  # type: ignore[no-untyped-def]
    """Any-messages of the status; none where its bytes are not a status."""
    try:
        status = rpc_status.from_call(error)
    except ValueError:
        return []
    return status.details if status is not None else []
