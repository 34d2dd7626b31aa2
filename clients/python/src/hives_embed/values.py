"""What the server says of human values, as plain records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ._proto import values_pb2


class Probability(float):
    """A calibrated probability, and its 95 % interval from low to high."""

    low: float
    high: float

    def __new__(cls, value: float, low: float, high: float) -> Probability:
        made = super().__new__(cls, value)
        made.low, made.high = low, high
        return made


@dataclass(frozen=True)
class Score:
    """How near a text is to a value."""

    value_id: str
    theory: str
    path: tuple[str, ...]
    """Names of the nodes, the coarsest first."""
    level: int
    kind: str
    """directional: cosine has a sign; prototype: it has none; unsupported: there is no vector, and no cosine."""
    stance: str
    """supports or opposes by the sign of the cosine where directional, else unsigned. It is no answer."""
    cosine: float
    """NaN without a vector."""
    strength: float
    """What values are ordered by: |cosine| where directional, else cosine; NaN without a vector."""
    margin: float | None
    """strength less that of the next weaker value of the same theory and level; None where there is none."""
    answer: str
    """supports, opposes, about or unsure: what may be said. Unsure says nothing, neither yes nor no."""
    about: Probability | None
    """That the text is about the value; None where too few rows tell."""
    supports: Probability | None
    """That it supports the value, given that it is about it; None where too few rows tell."""
    percentile: float | None
    """Hundredths of a background of texts whose cosine is lower; None where there is none."""


@dataclass(frozen=True)
class Neighbour:
    """A value near to, or opposed to, what was asked for."""

    value_id: str
    theory: str
    path: tuple[str, ...]
    definition: str
    kind: str
    cosine: float
    common_levels: int
    """Levels of the path shared with the value that was asked for."""


def _name(prefix: str, name: str) -> str:
    """supports of STANCE_SUPPORTS."""
    return name.removeprefix(prefix).lower()


def kind_name(kind: values_pb2.VectorKind) -> str:
    return _name("VECTOR_KIND_", values_pb2.VectorKind.Name(kind))


def _probability(message: values_pb2.ValueScore, field: Literal["about", "supports"]) -> Probability | None:
    if not message.HasField(field):
        return None
    made: values_pb2.Probability = getattr(message, field)
    return Probability(made.value, made.low, made.high)


def _answer(answer: values_pb2.Answer) -> str:
    """unsure for a server that is too old to answer."""
    return _name("ANSWER_", values_pb2.Answer.Name(answer or values_pb2.ANSWER_UNSURE))


def score(message: values_pb2.ValueScore) -> Score:
    vectorless = message.kind == values_pb2.VECTOR_KIND_UNSUPPORTED
    return Score(
        value_id=message.value_id,
        theory=message.theory,
        path=tuple(message.path),
        level=message.level,
        kind=kind_name(message.kind),
        stance=_name("STANCE_", values_pb2.Stance.Name(message.stance)),
        cosine=math.nan if vectorless else message.cosine,
        strength=math.nan if vectorless else message.strength,
        margin=message.margin if message.HasField("margin") else None,
        answer=_answer(message.answer),
        about=_probability(message, "about"),
        supports=_probability(message, "supports"),
        percentile=message.percentile if message.HasField("percentile") else None,
    )


def neighbour(message: values_pb2.ValueNeighbour) -> Neighbour:
    value = message.value
    return Neighbour(
        value_id=value.value_id,
        theory=value.theory,
        path=tuple(value.path),
        definition=value.definition,
        kind=kind_name(value.kind),
        cosine=message.cosine,
        common_levels=message.common_levels,
    )


def value_filter(
    theories: Sequence[str], levels: Sequence[int], value_ids: Sequence[str], subtrees: Sequence[str]
) -> values_pb2.ValueFilter:
    return values_pb2.ValueFilter(theories=theories, levels=levels, value_ids=value_ids, subtrees=subtrees)
