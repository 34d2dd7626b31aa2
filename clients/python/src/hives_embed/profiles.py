"""What the server reads of values in the texts of one author, as plain records."""

from __future__ import annotations

from dataclasses import dataclass

from ._proto import profile_pb2


@dataclass(frozen=True)
class Evidence:
    """A text that moves a score much."""

    text: int
    """Place in the list that was sent, from 0. The server sends no words back."""
    share: float
    """Of what all texts that count move the score."""


@dataclass(frozen=True)
class ValueProfile:
    """One value's part of a profile. Where score is None, lo and hi are too, and reason says why."""

    value_id: str
    name: str
    score: float | None
    """From −10, the texts oppose the value, to 10, they support it. It is never 0 for want of texts."""
    lo: float | None
    hi: float | None
    """Interval of 95 % of the mean score that people would give the texts, as measured on the model's own corpora."""
    answered: int
    effective: float
    unsure: int
    not_about: int
    reason: str
    evidence: tuple[Evidence, ...]
    neutral: float | None
    """The score at which supporting and opposing texts are as likely; 0 is not neutral, but a pool's middle."""
    side: str
    """supports or opposes where the whole interval lies beyond neutral and beyond 0, else open."""


@dataclass(frozen=True)
class Profile:
    """What one author's texts say. It is not a person, and no test of one: docs/PROFILES.md."""

    texts: int
    duplicates: int
    wordless: int
    values: tuple[ValueProfile, ...]
    sha256: str
    """Of the profile model that answered."""
    counted: str
    """Which texts make a score: all that are about the value, or the sure ones, whose own interval is narrow."""


def profile(answer: profile_pb2.ProfileTextsResponse) -> Profile:
    """The record of an answer."""
    return Profile(
        texts=answer.texts,
        duplicates=answer.duplicates,
        wordless=answer.wordless,
        values=tuple(_value(one) for one in answer.values),
        sha256=answer.profile.sha256,
        counted=answer.profile.counted,
    )


def _value(one: profile_pb2.ValueProfile) -> ValueProfile:
    known = one.HasField("score")
    return ValueProfile(
        value_id=one.value_id,
        name=one.name,
        score=one.score if known else None,
        lo=one.lo if known else None,
        hi=one.hi if known else None,
        answered=one.answered,
        effective=one.effective,
        unsure=one.unsure,
        not_about=one.not_about,
        reason=one.reason,
        evidence=tuple(Evidence(each.text, each.share) for each in one.evidence),
        neutral=one.neutral if one.HasField("neutral") else None,
        side=one.side,
    )
