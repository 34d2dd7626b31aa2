from . import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ProfileTextsRequest(_message.Message):
    __slots__ = ("texts", "overlong")
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    OVERLONG_FIELD_NUMBER: _ClassVar[int]
    texts: _containers.RepeatedScalarFieldContainer[str]
    overlong: _common_pb2.Overlong
    def __init__(self, texts: _Optional[_Iterable[str]] = ..., overlong: _Optional[_Union[_common_pb2.Overlong, str]] = ...) -> None: ...

class ProfileTextsResponse(_message.Message):
    __slots__ = ("texts", "duplicates", "wordless", "values", "model", "profile", "timings")
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    DUPLICATES_FIELD_NUMBER: _ClassVar[int]
    WORDLESS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    texts: int
    duplicates: int
    wordless: int
    values: _containers.RepeatedCompositeFieldContainer[ValueProfile]
    model: _common_pb2.ModelVersion
    profile: ProfileVersion
    timings: _common_pb2.Timings
    def __init__(self, texts: _Optional[int] = ..., duplicates: _Optional[int] = ..., wordless: _Optional[int] = ..., values: _Optional[_Iterable[_Union[ValueProfile, _Mapping]]] = ..., model: _Optional[_Union[_common_pb2.ModelVersion, _Mapping]] = ..., profile: _Optional[_Union[ProfileVersion, _Mapping]] = ..., timings: _Optional[_Union[_common_pb2.Timings, _Mapping]] = ...) -> None: ...

class ValueProfile(_message.Message):
    __slots__ = ("value_id", "name", "score", "lo", "hi", "answered", "effective", "unsure", "not_about", "reason", "evidence", "neutral", "side")
    VALUE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    LO_FIELD_NUMBER: _ClassVar[int]
    HI_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_FIELD_NUMBER: _ClassVar[int]
    UNSURE_FIELD_NUMBER: _ClassVar[int]
    NOT_ABOUT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    NEUTRAL_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    value_id: str
    name: str
    score: float
    lo: float
    hi: float
    answered: int
    effective: float
    unsure: int
    not_about: int
    reason: str
    evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    neutral: float
    side: str
    def __init__(self, value_id: _Optional[str] = ..., name: _Optional[str] = ..., score: _Optional[float] = ..., lo: _Optional[float] = ..., hi: _Optional[float] = ..., answered: _Optional[int] = ..., effective: _Optional[float] = ..., unsure: _Optional[int] = ..., not_about: _Optional[int] = ..., reason: _Optional[str] = ..., evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ..., neutral: _Optional[float] = ..., side: _Optional[str] = ...) -> None: ...

class Evidence(_message.Message):
    __slots__ = ("text", "share")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    text: int
    share: float
    def __init__(self, text: _Optional[int] = ..., share: _Optional[float] = ...) -> None: ...

class ProfileVersion(_message.Message):
    __slots__ = ("sha256", "vidb_sha256", "counted")
    SHA256_FIELD_NUMBER: _ClassVar[int]
    VIDB_SHA256_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    sha256: str
    vidb_sha256: str
    counted: str
    def __init__(self, sha256: _Optional[str] = ..., vidb_sha256: _Optional[str] = ..., counted: _Optional[str] = ...) -> None: ...
