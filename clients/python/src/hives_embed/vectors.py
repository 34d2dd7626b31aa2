"""Vectors out of messages."""

from __future__ import annotations

from typing import Any

import grpc
import numpy as np
import numpy.typing as npt

from ._proto import embed_pb2
from .errors import Corrupt

Array = npt.NDArray[Any]


def decode(message: embed_pb2.Embedding, encoding: str) -> Array:
    """One vector: float32, or for binary the uint8 that numpy.unpackbits takes."""
    if encoding == "f32":
        return np.array(message.values, dtype=np.float32)
    if encoding == "f16":
        return np.frombuffer(message.packed, dtype="<f2").astype(np.float32)
    if encoding == "int8":
        return np.frombuffer(message.packed, dtype=np.int8).astype(np.float32) * np.float32(message.scale)
    return np.frombuffer(message.packed, dtype=np.uint8)


def rows(answer: embed_pb2.EmbedResponse, n: int, dimension: int, encoding: str) -> Array:
    """All vectors of an answer, [n, dimension] or for binary [n, ⌈dimension / 8⌉]."""
    found = [decode(message, encoding) for message in answer.embeddings]
    wide = width(dimension, encoding)
    if len(found) != n or any(len(vector) != wide for vector in found):
        raise Corrupt(f"the answer is not {n} vectors of {dimension} numbers", grpc.StatusCode.DATA_LOSS)
    return np.stack(found)


def width(dimension: int, encoding: str) -> int:
    return (dimension + 7) // 8 if encoding == "binary" else dimension


def empty(dimension: int, encoding: str) -> Array:
    """What no texts become."""
    return np.empty((0, width(dimension, encoding)), dtype=np.uint8 if encoding == "binary" else np.float32)
