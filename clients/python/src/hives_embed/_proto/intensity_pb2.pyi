from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Panel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PANEL_UNSPECIFIED: _ClassVar[Panel]
    PANEL_BUCKETED: _ClassVar[Panel]
    PANEL_FIXED: _ClassVar[Panel]
    PANEL_RANDOM: _ClassVar[Panel]

class Utility(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UTILITY_UNSPECIFIED: _ClassVar[Utility]
    UTILITY_LOGIT: _ClassVar[Utility]
    UTILITY_SCORE: _ClassVar[Utility]

class Scale(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCALE_UNSPECIFIED: _ClassVar[Scale]
    SCALE_FIT: _ClassVar[Scale]
    SCALE_ONE: _ClassVar[Scale]

class Estimate(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ESTIMATE_UNSPECIFIED: _ClassVar[Estimate]
    ESTIMATE_MLE: _ClassVar[Estimate]
    ESTIMATE_POSTERIOR: _ClassVar[Estimate]

class Format(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FORMAT_UNSPECIFIED: _ClassVar[Format]
    FORMAT_ORDER: _ClassVar[Format]
    FORMAT_ONE_SHOT: _ClassVar[Format]

class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STATUS_UNSPECIFIED: _ClassVar[Status]
    STATUS_OK: _ClassVar[Status]
    STATUS_ABOVE: _ClassVar[Status]
    STATUS_BELOW: _ClassVar[Status]
    STATUS_UNRANKED: _ClassVar[Status]
    STATUS_EMPTY: _ClassVar[Status]
PANEL_UNSPECIFIED: Panel
PANEL_BUCKETED: Panel
PANEL_FIXED: Panel
PANEL_RANDOM: Panel
UTILITY_UNSPECIFIED: Utility
UTILITY_LOGIT: Utility
UTILITY_SCORE: Utility
SCALE_UNSPECIFIED: Scale
SCALE_FIT: Scale
SCALE_ONE: Scale
ESTIMATE_UNSPECIFIED: Estimate
ESTIMATE_MLE: Estimate
ESTIMATE_POSTERIOR: Estimate
FORMAT_UNSPECIFIED: Format
FORMAT_ORDER: Format
FORMAT_ONE_SHOT: Format
STATUS_UNSPECIFIED: Status
STATUS_OK: Status
STATUS_ABOVE: Status
STATUS_BELOW: Status
STATUS_UNRANKED: Status
STATUS_EMPTY: Status

class Response(_message.Message):
    __slots__ = ("id", "text", "group", "pair", "refused")
    ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    PAIR_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    id: str
    text: str
    group: str
    pair: str
    refused: bool
    def __init__(self, id: _Optional[str] = ..., text: _Optional[str] = ..., group: _Optional[str] = ..., pair: _Optional[str] = ..., refused: bool = ...) -> None: ...

class ScoreOptions(_message.Message):
    __slots__ = ("k", "m", "panel", "utility", "scale", "estimate", "format", "max_se", "seed")
    K_FIELD_NUMBER: _ClassVar[int]
    M_FIELD_NUMBER: _ClassVar[int]
    PANEL_FIELD_NUMBER: _ClassVar[int]
    UTILITY_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    MAX_SE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    k: int
    m: int
    panel: Panel
    utility: Utility
    scale: Scale
    estimate: Estimate
    format: Format
    max_se: float
    seed: int
    def __init__(self, k: _Optional[int] = ..., m: _Optional[int] = ..., panel: _Optional[_Union[Panel, str]] = ..., utility: _Optional[_Union[Utility, str]] = ..., scale: _Optional[_Union[Scale, str]] = ..., estimate: _Optional[_Union[Estimate, str]] = ..., format: _Optional[_Union[Format, str]] = ..., max_se: _Optional[float] = ..., seed: _Optional[int] = ...) -> None: ...

class ScoreRequest(_message.Message):
    __slots__ = ("responses", "value_ids", "options")
    RESPONSES_FIELD_NUMBER: _ClassVar[int]
    VALUE_IDS_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    responses: _containers.RepeatedCompositeFieldContainer[Response]
    value_ids: _containers.RepeatedScalarFieldContainer[str]
    options: ScoreOptions
    def __init__(self, responses: _Optional[_Iterable[_Union[Response, _Mapping]]] = ..., value_ids: _Optional[_Iterable[str]] = ..., options: _Optional[_Union[ScoreOptions, _Mapping]] = ...) -> None: ...

class ScoreResponse(_message.Message):
    __slots__ = ("scores", "summaries", "options", "asked", "kept")
    SCORES_FIELD_NUMBER: _ClassVar[int]
    SUMMARIES_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    ASKED_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    scores: _containers.RepeatedCompositeFieldContainer[Score]
    summaries: _containers.RepeatedCompositeFieldContainer[Summary]
    options: ScoreOptions
    asked: int
    kept: int
    def __init__(self, scores: _Optional[_Iterable[_Union[Score, _Mapping]]] = ..., summaries: _Optional[_Iterable[_Union[Summary, _Mapping]]] = ..., options: _Optional[_Union[ScoreOptions, _Mapping]] = ..., asked: _Optional[int] = ..., kept: _Optional[int] = ...) -> None: ...

class Score(_message.Message):
    __slots__ = ("id", "value_id", "judge", "status", "score", "low", "high", "u", "standard_error", "refused", "windows", "beta", "database")
    ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_ID_FIELD_NUMBER: _ClassVar[int]
    JUDGE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    U_FIELD_NUMBER: _ClassVar[int]
    STANDARD_ERROR_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    BETA_FIELD_NUMBER: _ClassVar[int]
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    id: str
    value_id: str
    judge: str
    status: Status
    score: float
    low: float
    high: float
    u: float
    standard_error: float
    refused: bool
    windows: _containers.RepeatedCompositeFieldContainer[Window]
    beta: float
    database: str
    def __init__(self, id: _Optional[str] = ..., value_id: _Optional[str] = ..., judge: _Optional[str] = ..., status: _Optional[_Union[Status, str]] = ..., score: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., u: _Optional[float] = ..., standard_error: _Optional[float] = ..., refused: bool = ..., windows: _Optional[_Iterable[_Union[Window, _Mapping]]] = ..., beta: _Optional[float] = ..., database: _Optional[str] = ...) -> None: ...

class Window(_message.Message):
    __slots__ = ("place", "rank", "anchors")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    ANCHORS_FIELD_NUMBER: _ClassVar[int]
    place: int
    rank: int
    anchors: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, place: _Optional[int] = ..., rank: _Optional[int] = ..., anchors: _Optional[_Iterable[str]] = ...) -> None: ...

class Summary(_message.Message):
    __slots__ = ("value_id", "judge", "responses", "scored", "refused", "mean", "low", "high", "standard_deviation", "interval_width", "windows_asked", "windows_used", "anchors_borrowed", "first_by_place", "place_p", "length_spearman", "beta", "beta_note", "warnings")
    VALUE_ID_FIELD_NUMBER: _ClassVar[int]
    JUDGE_FIELD_NUMBER: _ClassVar[int]
    RESPONSES_FIELD_NUMBER: _ClassVar[int]
    SCORED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    STANDARD_DEVIATION_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_WIDTH_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_ASKED_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_USED_FIELD_NUMBER: _ClassVar[int]
    ANCHORS_BORROWED_FIELD_NUMBER: _ClassVar[int]
    FIRST_BY_PLACE_FIELD_NUMBER: _ClassVar[int]
    PLACE_P_FIELD_NUMBER: _ClassVar[int]
    LENGTH_SPEARMAN_FIELD_NUMBER: _ClassVar[int]
    BETA_FIELD_NUMBER: _ClassVar[int]
    BETA_NOTE_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    value_id: str
    judge: str
    responses: int
    scored: int
    refused: int
    mean: float
    low: float
    high: float
    standard_deviation: float
    interval_width: float
    windows_asked: int
    windows_used: int
    anchors_borrowed: int
    first_by_place: _containers.RepeatedScalarFieldContainer[int]
    place_p: float
    length_spearman: float
    beta: float
    beta_note: str
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, value_id: _Optional[str] = ..., judge: _Optional[str] = ..., responses: _Optional[int] = ..., scored: _Optional[int] = ..., refused: _Optional[int] = ..., mean: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., standard_deviation: _Optional[float] = ..., interval_width: _Optional[float] = ..., windows_asked: _Optional[int] = ..., windows_used: _Optional[int] = ..., anchors_borrowed: _Optional[int] = ..., first_by_place: _Optional[_Iterable[int]] = ..., place_p: _Optional[float] = ..., length_spearman: _Optional[float] = ..., beta: _Optional[float] = ..., beta_note: _Optional[str] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...
