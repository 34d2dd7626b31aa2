"""The client."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

import grpc
import numpy as np

from . import batches, intensities, profiles, values, vectors
from ._proto import (
    common_pb2,
    embed_pb2,
    embed_pb2_grpc,
    intensity_pb2_grpc,
    profile_pb2,
    profile_pb2_grpc,
    values_pb2,
    values_pb2_grpc,
)
from .batches import Text
from .calls import Caller
from .errors import Mismatch
from .intensities import Intensities, Response
from .profiles import Profile
from .target import channel
from .values import Neighbour, Score
from .vectors import Array


class Client:
    """A connection to one or several servers of one model.

    target is grpc://host:port, grpcs://host:port (TLS), or a name that gRPC resolves, as
    dns:///embedd-headless.models:50051 for all addresses of a headless service. token is a bearer token, or a
    function that returns one and is asked before every call. tls is True for the system's authorities, or the
    credentials that tls_files makes. timeout in seconds is for a whole call, however many requests it takes;
    embed_iter has it for each request. parallel is how many requests are under way at once, patience how often one
    is sent to a server that says it is full.

    The server is asked for its limits when they are first needed. Methods raise an EmbedError.
    """

    def __init__(
        self,
        target: str,
        *,
        token: str | Callable[[], str] | None = None,
        tls: bool | grpc.ChannelCredentials | None = None,
        timeout: float = 60.0,
        parallel: int = 4,
        patience: int = 5,
    ) -> None:
        self._channel = channel(target, tls, token is not None)
        self._embed = embed_pb2_grpc.EmbedServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._values = values_pb2_grpc.ValueServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._intensity = intensity_pb2_grpc.IntensityServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._profiles = profile_pb2_grpc.ProfileServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._call = Caller(target, token, patience)
        self._timeout = timeout
        self._parallel = max(1, parallel)
        self._pool = ThreadPoolExecutor(self._parallel, thread_name_prefix="hives-embed")
        self._info: embed_pb2.GetInfoResponse | None = None

    def info(self) -> embed_pb2.GetInfoResponse:
        """The served model, its limits, engine and prompts, as the server tells them now."""
        self._info = self._call(self._embed.GetInfo, embed_pb2.GetInfoRequest(), self._deadline(None))
        return self._info

    def embed(
        self,
        texts: Sequence[Text],
        *,
        prompt: str = "",
        dimensions: int | None = None,
        normalize: bool = True,
        refuse_overlong: bool = False,
        encoding: str = "f32",
        timeout: float | None = None,
    ) -> Array:
        """Vectors [N, d] of any number of texts, in their order, all of one model.

        prompt goes before every text. dimensions keeps the first so many numbers. encoding is how vectors travel:
        f16 and int8 come back as float32, binary as uint8 [N, ⌈d/8⌉] for numpy.unpackbits. A text with more tokens
        than the model takes is cut, or refused with refuse_overlong.
        """
        if isinstance(texts, str):
            raise TypeError("embed takes a list of texts; for one text give [text]")
        deadline = self._deadline(timeout)
        make = self._request(prompt, dimensions, normalize, refuse_overlong, encoding)
        found = list(self._ordered(texts, make, dimensions, encoding, lambda: deadline))
        if not found:
            return vectors.empty(dimensions or self._limits().model.dimension, encoding)
        return np.concatenate(found)

    def embed_iter(
        self,
        texts: Iterable[Text],
        *,
        prompt: str = "",
        dimensions: int | None = None,
        normalize: bool = True,
        refuse_overlong: bool = False,
        encoding: str = "f32",
        timeout: float | None = None,
    ) -> Iterator[Array]:
        """embed for texts without an end: one vector [d] a text, in order, with a few requests under way. texts is
        read as far ahead as those requests need."""
        make = self._request(prompt, dimensions, normalize, refuse_overlong, encoding)
        for part in self._ordered(texts, make, dimensions, encoding, lambda: self._deadline(timeout)):
            yield from part

    def tokenize(
        self, texts: Sequence[str], *, prompt: str = "", refuse_overlong: bool = False, timeout: float | None = None
    ) -> list[list[int]]:
        """The ids that embed gives to the model, the end token included."""
        deadline = self._deadline(timeout)
        out: list[list[int]] = []
        # A reply is bounded too: an id takes up to 5 bytes, and max_length of them come for a text.
        limits = self._limits()
        for part in batches.split(texts, limits.limits, 2 * limits.limits.max_length, "f32", prompt):
            request = embed_pb2.TokenizeRequest(prompt=prompt, overlong=_overlong(refuse_overlong))
            request.texts.extend(str(text) for text in part)
            out += [list(result.ids) for result in self._call(self._embed.Tokenize, request, deadline).results]
        return out

    def score_texts(
        self,
        texts: Sequence[Text],
        *,
        theories: Sequence[str] = (),
        levels: Sequence[int] = (),
        value_ids: Sequence[str] = (),
        subtrees: Sequence[str] = (),
        top_k: int = 10,
        require_sign: bool = False,
        prompt: str = "",
        timeout: float | None = None,
    ) -> list[list[Score]]:
        """The top_k values of each text, the strongest first and those without a vector last: what may be said of
        them, with calibrated probabilities, and how near they are. theories, levels, value_ids and subtrees say which
        values are compared; require_sign refuses those whose score would have no sign."""
        deadline = self._deadline(timeout)
        chosen = values.value_filter(theories, levels, value_ids, subtrees)
        out: list[list[Score]] = []
        limits = self._limits()
        for part in batches.split(texts, limits.limits, max(1, top_k) * _SCORE_NUMBERS, "f32", prompt):
            request = values_pb2.ScoreTextsRequest(
                prompt=prompt, filter=chosen, top_k=top_k, require_sign=require_sign
            )
            batches.put(request, part)
            answer = self._call(self._values.ScoreTexts, request, deadline)
            out += [[values.score(one) for one in result.scores] for result in answer.results]
        return out

    def nearest_values(
        self,
        text: str | None = None,
        *,
        value_id: str | None = None,
        vector: Sequence[float] | Array | None = None,
        opposing: bool = False,
        cross_theory: bool = False,
        theories: Sequence[str] = (),
        levels: Sequence[int] = (),
        value_ids: Sequence[str] = (),
        subtrees: Sequence[str] = (),
        top_k: int = 10,
        prompt: str = "",
        timeout: float | None = None,
    ) -> list[Neighbour]:
        """Values nearest to a text, a value or a vector; with opposing those most opposed to it, with cross_theory
        those of other theories than the value's."""
        if sum(one is not None for one in (text, value_id, vector)) != 1:
            raise ValueError("give exactly one of text, value_id and vector")
        query = values_pb2.Query(text=text, value_id=value_id, prompt=prompt)
        if vector is not None:
            query.vector.values.extend(np.asarray(vector, dtype=np.float32))
        request = values_pb2.NearestValuesRequest(
            query=query,
            filter=values.value_filter(theories, levels, value_ids, subtrees),
            relation=values_pb2.RELATION_OPPOSING if opposing else values_pb2.RELATION_NEAREST,
            cross_theory=cross_theory,
            top_k=top_k,
        )
        answer = self._call(self._values.NearestValues, request, self._deadline(timeout))
        return [values.neighbour(one) for one in answer.neighbours]

    def score_responses(
        self,
        responses: Sequence[Response],
        value_ids: Sequence[str],
        *,
        k: int | None = None,
        m: int | None = None,
        panel: str = "bucketed",
        utility: str = "logit",
        scale: str = "fit",
        estimate: str = "mle",
        format: str = "order",
        max_se: float = 0.0,
        seed: int = 0,
        timeout: float = 600.0,
    ) -> Intensities:
        """How strongly responses support values, by where the server's judges put each among k - 1 texts of known
        score, in m windows (6 and 3 if left out). It needs embedd --vidb, and takes as long as the judges: seconds to
        minutes. A call that ends early loses nothing, and the same call asks for the rest alone.

        panel is bucketed, fixed or random; utility logit or score; scale fit or one; estimate mle or posterior; format
        order or one_shot. All responses go into one request, since a judge's sharpness is fitted to what it holds.
        """
        make = intensities.request(
            responses,
            value_ids,
            k=k,
            m=m,
            panel=panel,
            utility=utility,
            scale=scale,
            estimate=estimate,
            format=format,
            max_se=max_se,
            seed=seed,
        )
        return intensities.intensities(self._call(self._intensity.Score, make, self._deadline(timeout)))

    def profile_texts(
        self, texts: Sequence[str], *, refuse_overlong: bool = False, timeout: float | None = None
    ) -> Profile:
        """Which values the texts of one author speak for, with intervals and reasons; the server needs --profile.

        All texts are one profile, so there may be no more than a request takes (info().limits.max_texts).
        """
        if isinstance(texts, str):
            raise TypeError("profile_texts takes a list of texts; for one text give [text]")
        request = profile_pb2.ProfileTextsRequest(texts=texts, overlong=_overlong(refuse_overlong))
        return profiles.profile(self._call(self._profiles.ProfileTexts, request, self._deadline(timeout)))

    def close(self) -> None:
        """Ends the connection; calls under way fail."""
        self._channel.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _deadline(self, timeout: float | None) -> float:
        return time.monotonic() + (self._timeout if timeout is None else timeout)

    def _limits(self) -> embed_pb2.GetInfoResponse:
        return self._info or self.info()

    def _request(
        self, prompt: str, dimensions: int | None, normalize: bool, refuse_overlong: bool, encoding: str
    ) -> embed_pb2.EmbedRequest:
        """A request without its texts."""
        if encoding not in batches.ENCODINGS:
            raise ValueError(f"encoding {encoding!r}: want one of {', '.join(batches.ENCODINGS)}")
        return embed_pb2.EmbedRequest(
            prompt=prompt,
            dimensions=dimensions,
            normalize=normalize,
            overlong=_overlong(refuse_overlong),
            encoding=batches.ENCODINGS[encoding],
        )

    def _ordered(
        self,
        texts: Iterable[Text],
        make: embed_pb2.EmbedRequest,
        dimensions: int | None,
        encoding: str,
        deadline: Callable[[], float],
    ) -> Iterator[Array]:
        """Sends texts by requests, a few at once, and yields their vectors in order. On an error, and when nobody
        takes the rest, requests that have not begun never do."""
        info = self._limits()
        wide = dimensions or info.model.dimension
        first: list[common_pb2.ModelVersion] = []
        waiting: deque[tuple[int, Future[Any]]] = deque()

        def take() -> Array:
            n, future = waiting.popleft()
            answer = future.result()
            _same_model(first, answer.model)
            return vectors.rows(answer, n, wide, encoding)

        try:
            for part in batches.split(texts, info.limits, wide, encoding, make.prompt):
                request = embed_pb2.EmbedRequest()
                request.CopyFrom(make)
                batches.put(request, part)
                waiting.append((len(part), self._pool.submit(self._call, self._embed.Embed, request, deadline())))
                if len(waiting) > self._parallel:
                    yield take()
            while waiting:
                yield take()
        finally:
            for _, future in waiting:
                future.cancel()


# Numbers that one value of ScoreTexts takes in a reply, generously: its ids and names are some 200 bytes.
_SCORE_NUMBERS = 64


def _overlong(refuse: bool) -> common_pb2.Overlong:
    return common_pb2.OVERLONG_REFUSE if refuse else common_pb2.OVERLONG_TRUNCATE


def _same_model(first: list[common_pb2.ModelVersion], model: common_pb2.ModelVersion) -> None:
    """Keeps the first model and refuses another: vectors of two models are not comparable."""
    if not first:
        first.append(model)
    a, b = first[0], model
    if (a.weights_sha256, a.tokenizer_sha256, a.pooling) != (b.weights_sha256, b.tokenizer_sha256, b.pooling):
        raise Mismatch(
            f"the servers' models differ, or one was replaced: weights {a.weights_sha256[:12]} and "
            f"{b.weights_sha256[:12]}; try again when all serve one",
            grpc.StatusCode.FAILED_PRECONDITION,
        )
