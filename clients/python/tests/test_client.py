"""The client against a server that misbehaves as planned."""

from __future__ import annotations

import itertools
import math
import re
import time

import grpc
import hives_embed
import numpy as np
import pytest
from conftest import Fake
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from hives_embed import Client, values
from hives_embed._proto import embed_pb2, values_pb2
from hives_embed.batches import split
from hives_embed.target import parse


def details(code: grpc.StatusCode, reason: str, retry: float | None = None) -> bytes:
    """What embedd puts beside a status."""
    info, out = any_pb2.Any(), status_pb2.Status(code=code.value[0], message="the plan")
    info.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="hives"))
    out.details.append(info)
    if retry is not None:
        delay = duration_pb2.Duration()
        delay.FromNanoseconds(int(retry * 1e9))
        again = any_pb2.Any()
        again.Pack(error_details_pb2.RetryInfo(retry_delay=delay))
        out.details.append(again)
    return out.SerializeToString()


def refusal(code: grpc.StatusCode, reason: str, retry: float | None = None) -> tuple[grpc.StatusCode, bytes]:
    return code, details(code, reason, retry)


FULL = refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL", 0.01)


def test_many_texts_are_several_requests_in_order(fake: tuple[Fake, str]) -> None:
    server, target = fake
    texts = ["x" * n for n in range(1, 12)]
    with Client(target) as client:
        found = client.embed(texts, prompt="p", dimensions=2, normalize=False, refuse_overlong=True)
    assert found.dtype == np.float32 and found.shape == (11, 2)
    assert found[:, 0].tolist() == list(range(1, 12))
    assert sorted(len(r.texts) for r in server.requests) == [3, 4, 4]
    for r in server.requests:
        assert (r.prompt, r.dimensions, r.normalize, r.overlong) == ("p", 2, False, 1)


def test_ids_and_texts_never_share_a_request(fake: tuple[Fake, str]) -> None:
    server, target = fake
    with Client(target) as client:
        found = client.embed([[1, 2, 3], "four", "five!"])
    assert found[:, 0].tolist() == [3, 4, 5]
    assert sorted((len(r.texts), len(r.token_ids)) for r in server.requests) == [(0, 1), (2, 0)]


def test_no_texts(fake: tuple[Fake, str]) -> None:
    server, target = fake
    with Client(target) as client:
        assert client.embed([]).shape == (0, 2)
        assert client.embed([], encoding="binary").dtype == np.uint8
        with pytest.raises(TypeError):
            client.embed("a text and not a list")
        with pytest.raises(ValueError):
            client.embed(["x"], encoding="f64")
    assert server.requests == []


def test_iteration_reads_no_further_than_it_must(fake: tuple[Fake, str]) -> None:
    _, target = fake
    taken = 0

    def endless():  # type: ignore[no-untyped-def]
        nonlocal taken
        for taken in itertools.count(1):
            yield "x" * (taken % 50 + 1)

    with Client(target, parallel=2) as client:
        first = list(itertools.islice(client.embed_iter(endless()), 10))
    assert [v[0] for v in first] == [n % 50 + 1 for n in range(1, 11)]
    assert taken < 40


def test_a_lost_server_is_tried_again_by_the_policy(fake: tuple[Fake, str]) -> None:
    server, target = fake
    server.plan = [refusal(grpc.StatusCode.UNAVAILABLE, "STARTING")] * 3
    with Client(target) as client:
        assert client.embed(["abc"])[0, 0] == 3
    assert len(server.requests) == 4
    server.plan = [refusal(grpc.StatusCode.UNAVAILABLE, "STARTING")] * 4
    with Client(target) as client, pytest.raises(hives_embed.Unavailable) as caught:
        client.embed(["abc"])
    assert caught.value.reason == "STARTING" and isinstance(caught.value, ConnectionError)


def test_a_full_server_is_given_time(fake: tuple[Fake, str]) -> None:
    server, target = fake
    server.plan = [FULL] * 3
    with Client(target) as client:
        assert client.embed(["abc"])[0, 0] == 3
    assert len(server.requests) == 4
    server.plan, server.requests = [FULL] * 3, []
    with Client(target, patience=2) as client, pytest.raises(hives_embed.Exhausted) as caught:
        client.embed(["abc"])
    assert (len(server.requests), caught.value.reason, caught.value.retry_after) == (2, "QUEUE_FULL", 0.01)
    server.plan, server.requests = [refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_BIG")], []
    with Client(target) as client, pytest.raises(hives_embed.Exhausted):
        client.embed(["abc"])  # a limit, not a queue: it asks for no other try
    assert len(server.requests) == 1


def test_the_servers_answer_is_worth_more_than_a_timeout(fake: tuple[Fake, str]) -> None:
    server, target = fake
    server.plan = [refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL", 60)]
    began = time.monotonic()
    with Client(target, timeout=20) as client, pytest.raises(hives_embed.Exhausted):
        client.embed(["abc"])
    assert time.monotonic() - began < 20


def test_the_timeout_is_for_all_requests(fake: tuple[Fake, str]) -> None:
    server, target = fake
    server.plan = ["sleep"] * 30
    with Client(target, parallel=1) as client, pytest.raises(hives_embed.DeadlineExceeded) as caught:
        client.info()
        client.embed(["x"] * 120, timeout=1.5)
    assert isinstance(caught.value, TimeoutError)
    assert len(server.requests) < 30


@pytest.mark.parametrize(
    ("code", "kind", "base"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, hives_embed.InvalidRequest, ValueError),
        (grpc.StatusCode.NOT_FOUND, hives_embed.NotFound, LookupError),
        (grpc.StatusCode.FAILED_PRECONDITION, hives_embed.Mismatch, hives_embed.EmbedError),
        (grpc.StatusCode.UNAUTHENTICATED, hives_embed.Unauthenticated, PermissionError),
        (grpc.StatusCode.DATA_LOSS, hives_embed.Corrupt, hives_embed.EmbedError),
        (grpc.StatusCode.INTERNAL, hives_embed.Internal, hives_embed.EmbedError),
        (grpc.StatusCode.UNKNOWN, hives_embed.Internal, hives_embed.EmbedError),
    ],
)
def test_errors_by_kind(fake: tuple[Fake, str], code: grpc.StatusCode, kind: type, base: type) -> None:
    server, target = fake
    server.plan = [refusal(code, "WHY")]
    with Client(target) as client, pytest.raises(kind) as caught:
        client.embed(["canary-91b2"])
    error = caught.value
    assert isinstance(error, base) and error.code == code and error.reason == "WHY"
    assert "canary" not in str(error)


def test_an_answer_that_does_not_fit_is_refused(fake: tuple[Fake, str]) -> None:
    server, target = fake
    server.plan = ["w", "swapped"]
    with Client(target) as client, pytest.raises(hives_embed.Mismatch, match="replaced"):
        client.embed(["x"] * 8)
    server.plan = ["short"]
    with Client(target) as client, pytest.raises(hives_embed.Corrupt):
        client.embed(["x"] * 3)


def test_tokens_are_sent_and_asked_for_anew(fake: tuple[Fake, str]) -> None:
    server, target = fake
    tokens = iter(["info", "one", "two"])
    with Client(target, token=lambda: next(tokens)) as client:
        client.embed(["x"])
        client.embed(["x"])
    assert [m["authorization"] for m in server.metadata] == ["Bearer one", "Bearer two"]


def test_targets() -> None:
    assert parse("grpc://h:1", False, False) == ("h:1", False)
    assert parse("grpcs://h:1", False, True) == ("h:1", True)
    assert parse("dns:///h.models:1", False, False) == ("dns:///h.models:1", False)
    assert parse("dns:///h.models:1", True, True) == ("dns:///h.models:1", True)
    for near in ("grpc://127.0.0.1:1", "grpc://localhost:1", "grpc://[::1]:1", "unix:/run/embedd.sock"):
        parse(near, False, True)
    for far in ("grpc://10.0.0.1:1", "dns:///embedd:1", "grpc://localhost.example:1", "grpc://[2001:db8::1]:1"):
        with pytest.raises(ValueError, match="unencrypted"):
            parse(far, False, True)
    with pytest.raises(ValueError):
        hives_embed.tls_files(certificate="c.pem")


def test_split_holds_every_limit() -> None:
    rng = np.random.default_rng(7)
    texts = ["ä" * int(n) for n in rng.integers(1, 400, 300)]
    limits = embed_pb2.Limits(
        max_texts=50, max_length=256, max_request_tokens=4096, max_request_bytes=16384, max_reply_bytes=65536
    )
    parts = list(split(texts, limits, 512, "f32", "prompt"))
    assert [t for part in parts for t in part] == texts
    for part in parts:
        assert len(part) <= 50
        assert embed_pb2.EmbedRequest(prompt="prompt", texts=[str(t) for t in part]).ByteSize() <= 16384
        assert sum(min(256, len(str(t).encode()) + 7) for t in part) <= 4096
        assert len(part) * 512 * 4 <= 65536
    assert len(parts) < 60  # not one by one
    # A text beyond a limit by itself goes alone, for the server to refuse.
    alone = list(split(["a", "b" * 20000, "c"], limits, 512, "f32", ""))
    assert [len(part) for part in alone] == [1, 1, 1]


def test_version_is_in_the_package() -> None:
    from importlib.metadata import version

    assert re.fullmatch(r"\d+\.\d+\.\d+", version("hives-embed"))


def test_scores_tell_what_may_be_said() -> None:
    message = values_pb2.ValueScore(
        value_id="mft/care-harm",
        kind=values_pb2.VECTOR_KIND_DIRECTIONAL,
        stance=values_pb2.STANCE_OPPOSES,
        cosine=-0.25,
        strength=0.25,
        about=values_pb2.Probability(value=0.75, low=0.5, high=0.875),
        percentile=12.5,
        answer=values_pb2.ANSWER_ABOUT,
    )
    s = values.score(message)
    assert s.about is not None and (s.about, s.about.low, s.about.high) == (0.75, 0.5, 0.875)
    assert (s.answer, s.supports, s.percentile, s.margin, s.cosine) == ("about", None, 12.5, None, -0.25)
    message.supports.value = 0.0  # a probability of nought is one
    assert values.score(message).supports == 0
    message.kind = values_pb2.VECTOR_KIND_UNSUPPORTED
    message.answer = values_pb2.ANSWER_UNSPECIFIED
    s = values.score(message)
    assert s.answer == "unsure" and math.isnan(s.cosine) and math.isnan(s.strength)
