"""How strongly responses support a value, as plain records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ._proto import intensity_pb2


@dataclass(frozen=True)
class Response:
    """A text to be scored, such as what a model answered."""

    id: str
    """Its own among the responses of a call. Anchors and places are drawn by it, or by pair."""
    text: str
    group: str = ""
    """Texts of the database of this group are no anchors for it."""
    pair: str = ""
    """Responses of one pair meet the same anchors at the same places: for differences."""
    refused: bool = False
    """Who wrote it declined: it is scored, marked and counted."""


@dataclass(frozen=True)
class Window:
    """What a judge was shown once."""

    place: int
    """Where the response stood, from 1."""
    rank: int | None
    """Where the judge put it, from 1; None where the answer could not be used."""
    anchors: tuple[str, ...]
    """text_ids of the other texts, in the order shown."""


@dataclass(frozen=True)
class Intensity:
    """A response's score for one value by one judge. What nobody knows is None, never 0."""

    id: str
    value_id: str
    judge: str
    status: str
    """ok; above or below: first or last in every window; unranked: no answer could be used; empty: no words."""
    score: float | None
    """-10 to 10; 0 is the middle of the database's texts, which need not be neutral."""
    low: float | None
    """95 % interval of this one score, up to high: seven units wide with the defaults. Means carry claims."""
    high: float | None
    u: float | None
    """Utility in logits, or in units of the score with utility="score"."""
    standard_error: float | None
    refused: bool
    windows: tuple[Window, ...]
    beta: float
    """The judge's sharpness beside those who made the database."""
    database: str
    """Hash of the value's texts and scores: scores are comparable where it is equal."""


@dataclass(frozen=True)
class Summary:
    """What one judge's scores of one value come to, over the responses that have a score."""

    value_id: str
    judge: str
    responses: int
    scored: int
    refused: int
    mean: float | None
    low: float | None
    """95 % interval of the mean, up to high."""
    high: float | None
    standard_deviation: float | None
    interval_width: float | None
    """Mean width of one response's interval."""
    windows_asked: int
    windows_used: int
    beta: float
    beta_note: str
    """Why beta is 1 or at its bound; empty where it was fitted."""
    warnings: tuple[str, ...]
    """What would mislead a reader of the mean."""


@dataclass(frozen=True)
class Intensities:
    """What score_responses gives."""

    scores: tuple[Intensity, ...]
    """Value by value, judge by judge, in the order of the responses."""
    summaries: tuple[Summary, ...]
    asked: int
    """Questions that judges were asked for this call."""
    kept: int
    """Questions whose answers the server had."""


def _number(message: Any, field: str) -> float | None:
    return getattr(message, field) if message.HasField(field) else None


def _window(message: intensity_pb2.Window) -> Window:
    return Window(message.place, message.rank if message.HasField("rank") else None, tuple(message.anchors))


def _score(message: intensity_pb2.Score) -> Intensity:
    return Intensity(
        id=message.id,
        value_id=message.value_id,
        judge=message.judge,
        status=intensity_pb2.Status.Name(message.status).removeprefix("STATUS_").lower(),
        score=_number(message, "score"),
        low=_number(message, "low"),
        high=_number(message, "high"),
        u=_number(message, "u"),
        standard_error=_number(message, "standard_error"),
        refused=message.refused,
        windows=tuple(_window(one) for one in message.windows),
        beta=message.beta,
        database=message.database,
    )


def _summary(message: intensity_pb2.Summary) -> Summary:
    return Summary(
        value_id=message.value_id,
        judge=message.judge,
        responses=message.responses,
        scored=message.scored,
        refused=message.refused,
        mean=_number(message, "mean"),
        low=_number(message, "low"),
        high=_number(message, "high"),
        standard_deviation=_number(message, "standard_deviation"),
        interval_width=_number(message, "interval_width"),
        windows_asked=message.windows_asked,
        windows_used=message.windows_used,
        beta=message.beta,
        beta_note=message.beta_note,
        warnings=tuple(message.warnings),
    )


def intensities(message: intensity_pb2.ScoreResponse) -> Intensities:
    return Intensities(
        tuple(_score(one) for one in message.scores),
        tuple(_summary(one) for one in message.summaries),
        message.asked,
        message.kept,
    )


def _choice(enum: Any, name: str) -> Any:
    """PANEL_FIXED of "fixed"; a word that there is none of is a ValueError that names those there are."""
    head = enum.Name(0).removesuffix("UNSPECIFIED")
    names = [word.removeprefix(head).lower() for word in enum.keys()[1:]]
    if name not in names:
        raise ValueError(f"{name!r}: want one of {', '.join(names)}")
    return enum.Value(head + name.upper())


def request(
    responses: Sequence[Response],
    value_ids: Sequence[str],
    *,
    k: int | None,
    m: int | None,
    panel: str,
    utility: str,
    scale: str,
    estimate: str,
    format: str,
    max_se: float,
    seed: int,
) -> intensity_pb2.ScoreRequest:
    made = intensity_pb2.ScoreRequest(
        value_ids=value_ids,
        options=intensity_pb2.ScoreOptions(
            k=k,
            m=m,
            panel=_choice(intensity_pb2.Panel, panel),
            utility=_choice(intensity_pb2.Utility, utility),
            scale=_choice(intensity_pb2.Scale, scale),
            estimate=_choice(intensity_pb2.Estimate, estimate),
            format=_choice(intensity_pb2.Format, format),
            max_se=max_se,
            seed=seed,
        ),
    )
    for one in responses:
        made.responses.add(id=one.id, text=one.text, group=one.group, pair=one.pair, refused=one.refused)
    return made
