"""Texts cut into requests that the server takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Union

from ._proto import common_pb2, embed_pb2, values_pb2

Text = Union[str, Sequence[int]]
"""A text, or token ids that are used as they are: the last one should be the model's end token."""

# What a message holds beside texts or vectors, and what a text takes beside its content.
_SLACK = 4096
_PER_TEXT = 32

_BYTES_PER_NUMBER = {"f32": 4.0, "f16": 2.0, "int8": 1.0, "binary": 0.125}
ENCODINGS = {
    "f32": common_pb2.ENCODING_FLOAT32,
    "f16": common_pb2.ENCODING_FLOAT16,
    "int8": common_pb2.ENCODING_INT8,
    "binary": common_pb2.ENCODING_BINARY,
}


def split(
    texts: Iterable[Text], limits: embed_pb2.Limits, dimension: int, encoding: str, prompt: str
) -> Iterator[list[Text]]:
    """Cuts by the limits on texts, bytes in and out, and tokens, of which a text has at most one a byte.

    A text that is beyond a limit by itself stays a request of its own, for the server to refuse; so does the turn
    from texts to ids, which one request cannot hold both.
    """
    reply = int(dimension * _BYTES_PER_NUMBER[encoding]) + 1 + _PER_TEXT
    most = _least(limits.max_texts, (limits.max_reply_bytes - _SLACK) // reply if limits.max_reply_bytes else 0)
    head = len(prompt.encode())
    part: list[Text] = []
    size = tokens = 0
    for text in texts:
        content = 5 * len(text) if not isinstance(text, str) else len(text.encode())
        ids = len(text) if not isinstance(text, str) else head + content + 1
        if limits.max_length:
            ids = min(ids, limits.max_length)
        full = (
            (most and len(part) >= most)
            or _over(head + size + content + _PER_TEXT + _SLACK, limits.max_request_bytes)
            or _over(tokens + ids, limits.max_request_tokens)
            or (part and isinstance(part[0], str) != isinstance(text, str))
        )
        if part and full:
            yield part
            part, size, tokens = [], 0, 0
        part.append(text)
        size += content + _PER_TEXT
        tokens += ids
    if part:
        yield part


def _least(*limits: int) -> int:
    """The smallest limit; 0 is none."""
    return min((limit for limit in limits if limit > 0), default=0)


def _over(n: int, limit: int) -> bool:
    return 0 < limit < n


def put(request: embed_pb2.EmbedRequest | values_pb2.ScoreTextsRequest, part: Sequence[Text]) -> None:
    """Puts one kind of texts into the field that holds it."""
    for text in part:
        if isinstance(text, str):
            request.texts.append(text)
        else:
            request.token_ids.add(ids=text)
