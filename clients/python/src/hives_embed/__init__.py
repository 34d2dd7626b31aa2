"""Vectors of texts, and the human values near them, from a running embedd.

    from hives_embed import Client

    with Client("grpc://127.0.0.1:50051") as client:
        vectors = client.embed(["I owe her the truth."])      # float32 [1, d], unit rows

A client is safe for use by several threads. It must be made after a fork, not before.
"""

from .client import Client
from .errors import (
    Canceled,
    Corrupt,
    DeadlineExceeded,
    EmbedError,
    Exhausted,
    Internal,
    InvalidRequest,
    Mismatch,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from .intensities import Intensities, Intensity, Response, Summary, Window
from .profiles import Evidence, Profile, ValueProfile
from .target import SERVICE_CONFIG, tls_files
from .values import Neighbour, Probability, Score

__all__ = [
    "SERVICE_CONFIG",
    "Canceled",
    "Client",
    "Corrupt",
    "DeadlineExceeded",
    "EmbedError",
    "Evidence",
    "Exhausted",
    "Intensities",
    "Intensity",
    "Internal",
    "InvalidRequest",
    "Mismatch",
    "Neighbour",
    "NotFound",
    "Probability",
    "Profile",
    "Response",
    "Score",
    "Summary",
    "Unauthenticated",
    "Unavailable",
    "ValueProfile",
    "Window",
    "tls_files",
]
