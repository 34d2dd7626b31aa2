"""Profiles as records, and a server that answers as planned."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures

import grpc
import pytest
from hives_embed import Client, Evidence, Mismatch
from hives_embed._proto import profile_pb2, profile_pb2_grpc


class Plan(profile_pb2_grpc.ProfileServiceServicer):  # type: ignore[misc]
    """Answers one text with a score, and none with a refusal."""

    def __init__(self) -> None:
        self.seen: list[profile_pb2.ProfileTextsRequest] = []

    def ProfileTexts(
        self, request: profile_pb2.ProfileTextsRequest, context: grpc.ServicerContext
    ) -> profile_pb2.ProfileTextsResponse:
        self.seen.append(request)
        if not request.texts:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "NO_PROFILE")
        told = profile_pb2.ValueProfile(value_id="mft/care-harm", score=0.0, lo=-1.5, hi=1.25, answered=4, effective=3.5)
        told.evidence.add(text=2, share=0.5)
        silent = profile_pb2.ValueProfile(value_id="mft/fairness-cheating", reason="1.0 effective texts: 3 are needed")
        version = profile_pb2.ProfileVersion(sha256="p", counted="all")
        return profile_pb2.ProfileTextsResponse(
            texts=len(request.texts), duplicates=1, values=[told, silent], profile=version
        )


@pytest.fixture
def plan() -> Iterator[tuple[Plan, str]]:
    server, own = grpc.server(futures.ThreadPoolExecutor(2)), Plan()
    profile_pb2_grpc.add_ProfileServiceServicer_to_server(own, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield own, f"grpc://127.0.0.1:{port}"
    server.stop(None)


def test_a_score_of_zero_is_not_a_missing_one(plan: tuple[Plan, str]) -> None:
    own, target = plan
    with Client(target) as client:
        found = client.profile_texts(["one text", "another"], refuse_overlong=True)
        told, silent = found.values
        assert (found.sha256, found.counted) == ("p", "all")
        assert (found.texts, found.duplicates, told.score, told.lo, told.hi) == (2, 1, 0.0, -1.5, 1.25)
        assert told.evidence == (Evidence(2, 0.5),) and told.effective == 3.5 and told.reason == ""
        assert (silent.score, silent.lo, silent.hi, silent.evidence) == (None, None, None, ())
        assert silent.reason.startswith("1.0 effective")
        assert list(own.seen[0].texts) == ["one text", "another"] and own.seen[0].overlong == 1
        with pytest.raises(TypeError):
            client.profile_texts("one text")
        with pytest.raises(Mismatch):
            client.profile_texts([])
