"""From a target, a token and TLS to a channel."""

from __future__ import annotations

import ipaddress
from importlib import resources
from pathlib import Path
from typing import Any

import grpc

# The policy of every client of embedd: round robin over the target's addresses, and up to four tries of calls that
# found no server. A copy of proto/hives/v1/service_config.json.
SERVICE_CONFIG = (resources.files(__package__) / "service_config.json").read_text()

# Far above what the server sends by default.
_MAX_REPLY = 64 << 20
# The largest request that gRPC keeps for another try; its own default, 256 KiB, is less than 256 texts may have.
_MAX_KEPT = 8 << 20


def tls_files(
    ca: str | Path | None = None, certificate: str | Path | None = None, key: str | Path | None = None
) -> grpc.ChannelCredentials:
    """TLS by PEM files: the authority that signed the server (the system's without), and this client's own pair."""
    if (certificate is None) != (key is None):
        raise ValueError("a client's certificate needs its key, and a key its certificate")
    read = [None if path is None else Path(path).read_bytes() for path in (ca, key, certificate)]
    return grpc.ssl_channel_credentials(*read)


def parse(target: str, secure: bool, has_token: bool) -> tuple[str, bool]:
    """What gRPC dials, and whether it is encrypted. grpc:// and grpcs:// are ours, all else is gRPC's."""
    scheme, found, rest = target.partition("://")
    if found and scheme in ("grpc", "grpcs"):
        target, secure = rest, secure or scheme == "grpcs"
    if has_token and not secure and not _local(target):
        raise ValueError(f"{target}: a token would travel unencrypted beyond this machine; use grpcs:// or tls")
    return target, secure


def _local(target: str) -> bool:
    if target.startswith(("unix:", "unix-abstract:")):
        return True
    host = target.rpartition("/")[2]  # of dns:///host:port
    if not host.endswith("]"):
        host = host.rpartition(":")[0] or host
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def channel(target: str, tls: bool | grpc.ChannelCredentials | None, has_token: bool) -> grpc.Channel:
    address, secure = parse(target, bool(tls), has_token)
    options: list[tuple[str, Any]] = [
        ("grpc.service_config", SERVICE_CONFIG),
        ("grpc.max_receive_message_length", _MAX_REPLY),
        ("grpc.max_send_message_length", _MAX_REPLY),
        ("grpc.per_rpc_retry_buffer_size", _MAX_KEPT),
    ]
    if not secure:
        return grpc.insecure_channel(address, options)
    credentials = tls if isinstance(tls, grpc.ChannelCredentials) else grpc.ssl_channel_credentials()
    return grpc.secure_channel(address, credentials, options)
