"""What the server says of human values, as plain records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._proto import values_pb2


@dataclass(frozen=True)
class Score:
    """How near a text is to a value."""

    value_id: str
    theory: str
    path: tuple[str, ...]
    """Names of the nodes, the coarsest first."""
    level: int
    kind: str
    """directional: cosine has a sign; prototype: it has none."""
    stance: str
    """supports or opposes where directional, else unsigned."""
    cosine: float
    strength: float
    """What values are ordered by: |cosine| where directional, else cosine."""
    margin: float | None
    """strength less that of the next weaker value of the same theory and level; None where there is none."""


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


def score(message: values_pb2.ValueScore) -> Score:
    return Score(
        value_id=message.value_id,
        theory=message.theory,
        path=tuple(message.path),
        level=message.level,
        kind=kind_name(message.kind),
        stance=_name("STANCE_", values_pb2.Stance.Name(message.stance)),
        cosine=message.cosine,
        strength=message.strength,
        margin=message.margin if message.HasField("margin") else None,
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
