from . import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class VectorKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VECTOR_KIND_UNSPECIFIED: _ClassVar[VectorKind]
    VECTOR_KIND_DIRECTIONAL: _ClassVar[VectorKind]
    VECTOR_KIND_PROTOTYPE: _ClassVar[VectorKind]
    VECTOR_KIND_ABSENT: _ClassVar[VectorKind]
    VECTOR_KIND_UNSUPPORTED: _ClassVar[VectorKind]

class Stance(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STANCE_UNSPECIFIED: _ClassVar[Stance]
    STANCE_SUPPORTS: _ClassVar[Stance]
    STANCE_OPPOSES: _ClassVar[Stance]
    STANCE_UNSIGNED: _ClassVar[Stance]

class Answer(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ANSWER_UNSPECIFIED: _ClassVar[Answer]
    ANSWER_SUPPORTS: _ClassVar[Answer]
    ANSWER_OPPOSES: _ClassVar[Answer]
    ANSWER_ABOUT: _ClassVar[Answer]
    ANSWER_UNSURE: _ClassVar[Answer]

class Relation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RELATION_NEAREST: _ClassVar[Relation]
    RELATION_OPPOSING: _ClassVar[Relation]

class AnchorBank(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ANCHOR_BANK_UNSPECIFIED: _ClassVar[AnchorBank]
    ANCHOR_BANK_INDIVIDUAL: _ClassVar[AnchorBank]
    ANCHOR_BANK_THEORY: _ClassVar[AnchorBank]
VECTOR_KIND_UNSPECIFIED: VectorKind
VECTOR_KIND_DIRECTIONAL: VectorKind
VECTOR_KIND_PROTOTYPE: VectorKind
VECTOR_KIND_ABSENT: VectorKind
VECTOR_KIND_UNSUPPORTED: VectorKind
STANCE_UNSPECIFIED: Stance
STANCE_SUPPORTS: Stance
STANCE_OPPOSES: Stance
STANCE_UNSIGNED: Stance
ANSWER_UNSPECIFIED: Answer
ANSWER_SUPPORTS: Answer
ANSWER_OPPOSES: Answer
ANSWER_ABOUT: Answer
ANSWER_UNSURE: Answer
RELATION_NEAREST: Relation
RELATION_OPPOSING: Relation
ANCHOR_BANK_UNSPECIFIED: AnchorBank
ANCHOR_BANK_INDIVIDUAL: AnchorBank
ANCHOR_BANK_THEORY: AnchorBank

class Value(_message.Message):
    __slots__ = ("value_id", "theory", "path", "level", "definition", "works", "kind", "counts", "spread", "reason", "rests_on", "evidence")
    VALUE_ID_FIELD_NUMBER: _ClassVar[int]
    THEORY_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    WORKS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    SPREAD_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RESTS_ON_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    value_id: str
    theory: str
    path: _containers.RepeatedScalarFieldContainer[str]
    level: int
    definition: str
    works: _containers.RepeatedScalarFieldContainer[str]
    kind: VectorKind
    counts: Counts
    spread: Spread
    reason: str
    rests_on: _containers.RepeatedCompositeFieldContainer[CorpusSides]
    evidence: Evidence
    def __init__(self, value_id: _Optional[str] = ..., theory: _Optional[str] = ..., path: _Optional[_Iterable[str]] = ..., level: _Optional[int] = ..., definition: _Optional[str] = ..., works: _Optional[_Iterable[str]] = ..., kind: _Optional[_Union[VectorKind, str]] = ..., counts: _Optional[_Union[Counts, _Mapping]] = ..., spread: _Optional[_Union[Spread, _Mapping]] = ..., reason: _Optional[str] = ..., rests_on: _Optional[_Iterable[_Union[CorpusSides, _Mapping]]] = ..., evidence: _Optional[_Union[Evidence, _Mapping]] = ...) -> None: ...

class CorpusSides(_message.Message):
    __slots__ = ("corpus", "supporting", "opposing", "weight")
    CORPUS_FIELD_NUMBER: _ClassVar[int]
    SUPPORTING_FIELD_NUMBER: _ClassVar[int]
    OPPOSING_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    corpus: str
    supporting: int
    opposing: int
    weight: float
    def __init__(self, corpus: _Optional[str] = ..., supporting: _Optional[int] = ..., opposing: _Optional[int] = ..., weight: _Optional[float] = ...) -> None: ...

class Evidence(_message.Message):
    __slots__ = ("sides", "corpora", "prototype", "about", "supports")
    SIDES_FIELD_NUMBER: _ClassVar[int]
    CORPORA_FIELD_NUMBER: _ClassVar[int]
    PROTOTYPE_FIELD_NUMBER: _ClassVar[int]
    ABOUT_FIELD_NUMBER: _ClassVar[int]
    SUPPORTS_FIELD_NUMBER: _ClassVar[int]
    sides: Auc
    corpora: Auc
    prototype: Auc
    about: Auc
    supports: Auc
    def __init__(self, sides: _Optional[_Union[Auc, _Mapping]] = ..., corpora: _Optional[_Union[Auc, _Mapping]] = ..., prototype: _Optional[_Union[Auc, _Mapping]] = ..., about: _Optional[_Union[Auc, _Mapping]] = ..., supports: _Optional[_Union[Auc, _Mapping]] = ...) -> None: ...

class Auc(_message.Message):
    __slots__ = ("value", "low", "high", "positives", "negatives", "groups")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    POSITIVES_FIELD_NUMBER: _ClassVar[int]
    NEGATIVES_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    value: float
    low: float
    high: float
    positives: int
    negatives: int
    groups: int
    def __init__(self, value: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., positives: _Optional[int] = ..., negatives: _Optional[int] = ..., groups: _Optional[int] = ...) -> None: ...

class Counts(_message.Message):
    __slots__ = ("supporting", "opposing", "undirected")
    SUPPORTING_FIELD_NUMBER: _ClassVar[int]
    OPPOSING_FIELD_NUMBER: _ClassVar[int]
    UNDIRECTED_FIELD_NUMBER: _ClassVar[int]
    supporting: int
    opposing: int
    undirected: int
    def __init__(self, supporting: _Optional[int] = ..., opposing: _Optional[int] = ..., undirected: _Optional[int] = ...) -> None: ...

class Spread(_message.Message):
    __slots__ = ("draws", "mean_cosine", "low_cosine")
    DRAWS_FIELD_NUMBER: _ClassVar[int]
    MEAN_COSINE_FIELD_NUMBER: _ClassVar[int]
    LOW_COSINE_FIELD_NUMBER: _ClassVar[int]
    draws: int
    mean_cosine: float
    low_cosine: float
    def __init__(self, draws: _Optional[int] = ..., mean_cosine: _Optional[float] = ..., low_cosine: _Optional[float] = ...) -> None: ...

class VectorsVersion(_message.Message):
    __slots__ = ("sha256", "weights_sha256", "tokenizer_sha256", "dimension", "min_rows", "provenance", "sides")
    class ProvenanceEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SHA256_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_SHA256_FIELD_NUMBER: _ClassVar[int]
    TOKENIZER_SHA256_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    MIN_ROWS_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    SIDES_FIELD_NUMBER: _ClassVar[int]
    sha256: str
    weights_sha256: str
    tokenizer_sha256: str
    dimension: int
    min_rows: int
    provenance: _containers.ScalarMap[str, str]
    sides: str
    def __init__(self, sha256: _Optional[str] = ..., weights_sha256: _Optional[str] = ..., tokenizer_sha256: _Optional[str] = ..., dimension: _Optional[int] = ..., min_rows: _Optional[int] = ..., provenance: _Optional[_Mapping[str, str]] = ..., sides: _Optional[str] = ...) -> None: ...

class ValueFilter(_message.Message):
    __slots__ = ("theories", "levels", "value_ids", "subtrees", "kinds")
    THEORIES_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    VALUE_IDS_FIELD_NUMBER: _ClassVar[int]
    SUBTREES_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    theories: _containers.RepeatedScalarFieldContainer[str]
    levels: _containers.RepeatedScalarFieldContainer[int]
    value_ids: _containers.RepeatedScalarFieldContainer[str]
    subtrees: _containers.RepeatedScalarFieldContainer[str]
    kinds: _containers.RepeatedScalarFieldContainer[VectorKind]
    def __init__(self, theories: _Optional[_Iterable[str]] = ..., levels: _Optional[_Iterable[int]] = ..., value_ids: _Optional[_Iterable[str]] = ..., subtrees: _Optional[_Iterable[str]] = ..., kinds: _Optional[_Iterable[_Union[VectorKind, str]]] = ...) -> None: ...

class Vector(_message.Message):
    __slots__ = ("values", "packed", "scale", "encoding")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    PACKED_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    packed: bytes
    scale: float
    encoding: _common_pb2.Encoding
    def __init__(self, values: _Optional[_Iterable[float]] = ..., packed: _Optional[bytes] = ..., scale: _Optional[float] = ..., encoding: _Optional[_Union[_common_pb2.Encoding, str]] = ...) -> None: ...

class ListValuesRequest(_message.Message):
    __slots__ = ("filter",)
    FILTER_FIELD_NUMBER: _ClassVar[int]
    filter: ValueFilter
    def __init__(self, filter: _Optional[_Union[ValueFilter, _Mapping]] = ...) -> None: ...

class ListValuesResponse(_message.Message):
    __slots__ = ("values", "vectors")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    VECTORS_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedCompositeFieldContainer[Value]
    vectors: VectorsVersion
    def __init__(self, values: _Optional[_Iterable[_Union[Value, _Mapping]]] = ..., vectors: _Optional[_Union[VectorsVersion, _Mapping]] = ...) -> None: ...

class GetValueVectorRequest(_message.Message):
    __slots__ = ("value_id", "dimensions", "encoding")
    VALUE_ID_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    value_id: str
    dimensions: int
    encoding: _common_pb2.Encoding
    def __init__(self, value_id: _Optional[str] = ..., dimensions: _Optional[int] = ..., encoding: _Optional[_Union[_common_pb2.Encoding, str]] = ...) -> None: ...

class GetValueVectorResponse(_message.Message):
    __slots__ = ("value", "vector", "model", "vectors")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VECTORS_FIELD_NUMBER: _ClassVar[int]
    value: Value
    vector: Vector
    model: _common_pb2.ModelVersion
    vectors: VectorsVersion
    def __init__(self, value: _Optional[_Union[Value, _Mapping]] = ..., vector: _Optional[_Union[Vector, _Mapping]] = ..., model: _Optional[_Union[_common_pb2.ModelVersion, _Mapping]] = ..., vectors: _Optional[_Union[VectorsVersion, _Mapping]] = ...) -> None: ...

class ScoreTextsRequest(_message.Message):
    __slots__ = ("texts", "token_ids", "prompt", "overlong", "filter", "top_k", "require_sign")
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    TOKEN_IDS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    OVERLONG_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    REQUIRE_SIGN_FIELD_NUMBER: _ClassVar[int]
    texts: _containers.RepeatedScalarFieldContainer[str]
    token_ids: _containers.RepeatedCompositeFieldContainer[_common_pb2.TokenIds]
    prompt: str
    overlong: _common_pb2.Overlong
    filter: ValueFilter
    top_k: int
    require_sign: bool
    def __init__(self, texts: _Optional[_Iterable[str]] = ..., token_ids: _Optional[_Iterable[_Union[_common_pb2.TokenIds, _Mapping]]] = ..., prompt: _Optional[str] = ..., overlong: _Optional[_Union[_common_pb2.Overlong, str]] = ..., filter: _Optional[_Union[ValueFilter, _Mapping]] = ..., top_k: _Optional[int] = ..., require_sign: bool = ...) -> None: ...

class ScoreTextsResponse(_message.Message):
    __slots__ = ("results", "model", "vectors", "timings")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VECTORS_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[TextScores]
    model: _common_pb2.ModelVersion
    vectors: VectorsVersion
    timings: _common_pb2.Timings
    def __init__(self, results: _Optional[_Iterable[_Union[TextScores, _Mapping]]] = ..., model: _Optional[_Union[_common_pb2.ModelVersion, _Mapping]] = ..., vectors: _Optional[_Union[VectorsVersion, _Mapping]] = ..., timings: _Optional[_Union[_common_pb2.Timings, _Mapping]] = ...) -> None: ...

class TextScores(_message.Message):
    __slots__ = ("scores", "tokens", "truncated", "sense")
    SCORES_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    SENSE_FIELD_NUMBER: _ClassVar[int]
    scores: _containers.RepeatedCompositeFieldContainer[ValueScore]
    tokens: int
    truncated: bool
    sense: bool
    def __init__(self, scores: _Optional[_Iterable[_Union[ValueScore, _Mapping]]] = ..., tokens: _Optional[int] = ..., truncated: bool = ..., sense: bool = ...) -> None: ...

class Probability(_message.Message):
    __slots__ = ("value", "low", "high")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    value: float
    low: float
    high: float
    def __init__(self, value: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class ValueScore(_message.Message):
    __slots__ = ("value_id", "theory", "path", "level", "kind", "cosine", "stance", "strength", "margin", "about", "supports", "percentile", "answer")
    VALUE_ID_FIELD_NUMBER: _ClassVar[int]
    THEORY_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    COSINE_FIELD_NUMBER: _ClassVar[int]
    STANCE_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    ABOUT_FIELD_NUMBER: _ClassVar[int]
    SUPPORTS_FIELD_NUMBER: _ClassVar[int]
    PERCENTILE_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    value_id: str
    theory: str
    path: _containers.RepeatedScalarFieldContainer[str]
    level: int
    kind: VectorKind
    cosine: float
    stance: Stance
    strength: float
    margin: float
    about: Probability
    supports: Probability
    percentile: float
    answer: Answer
    def __init__(self, value_id: _Optional[str] = ..., theory: _Optional[str] = ..., path: _Optional[_Iterable[str]] = ..., level: _Optional[int] = ..., kind: _Optional[_Union[VectorKind, str]] = ..., cosine: _Optional[float] = ..., stance: _Optional[_Union[Stance, str]] = ..., strength: _Optional[float] = ..., margin: _Optional[float] = ..., about: _Optional[_Union[Probability, _Mapping]] = ..., supports: _Optional[_Union[Probability, _Mapping]] = ..., percentile: _Optional[float] = ..., answer: _Optional[_Union[Answer, str]] = ...) -> None: ...

class Query(_message.Message):
    __slots__ = ("value_id", "text", "token_ids", "vector", "prompt")
    VALUE_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    TOKEN_IDS_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    value_id: str
    text: str
    token_ids: _common_pb2.TokenIds
    vector: Vector
    prompt: str
    def __init__(self, value_id: _Optional[str] = ..., text: _Optional[str] = ..., token_ids: _Optional[_Union[_common_pb2.TokenIds, _Mapping]] = ..., vector: _Optional[_Union[Vector, _Mapping]] = ..., prompt: _Optional[str] = ...) -> None: ...

class NearestValuesRequest(_message.Message):
    __slots__ = ("query", "filter", "relation", "cross_theory", "top_k")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    RELATION_FIELD_NUMBER: _ClassVar[int]
    CROSS_THEORY_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    query: Query
    filter: ValueFilter
    relation: Relation
    cross_theory: bool
    top_k: int
    def __init__(self, query: _Optional[_Union[Query, _Mapping]] = ..., filter: _Optional[_Union[ValueFilter, _Mapping]] = ..., relation: _Optional[_Union[Relation, str]] = ..., cross_theory: bool = ..., top_k: _Optional[int] = ...) -> None: ...

class NearestValuesResponse(_message.Message):
    __slots__ = ("neighbours", "model", "vectors")
    NEIGHBOURS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VECTORS_FIELD_NUMBER: _ClassVar[int]
    neighbours: _containers.RepeatedCompositeFieldContainer[ValueNeighbour]
    model: _common_pb2.ModelVersion
    vectors: VectorsVersion
    def __init__(self, neighbours: _Optional[_Iterable[_Union[ValueNeighbour, _Mapping]]] = ..., model: _Optional[_Union[_common_pb2.ModelVersion, _Mapping]] = ..., vectors: _Optional[_Union[VectorsVersion, _Mapping]] = ...) -> None: ...

class ValueNeighbour(_message.Message):
    __slots__ = ("value", "cosine", "common_levels")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    COSINE_FIELD_NUMBER: _ClassVar[int]
    COMMON_LEVELS_FIELD_NUMBER: _ClassVar[int]
    value: Value
    cosine: float
    common_levels: int
    def __init__(self, value: _Optional[_Union[Value, _Mapping]] = ..., cosine: _Optional[float] = ..., common_levels: _Optional[int] = ...) -> None: ...

class Anchor(_message.Message):
    __slots__ = ("anchor_id", "bank", "kind", "text", "value_ids", "count")
    ANCHOR_ID_FIELD_NUMBER: _ClassVar[int]
    BANK_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    VALUE_IDS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    anchor_id: int
    bank: AnchorBank
    kind: str
    text: str
    value_ids: _containers.RepeatedScalarFieldContainer[str]
    count: int
    def __init__(self, anchor_id: _Optional[int] = ..., bank: _Optional[_Union[AnchorBank, str]] = ..., kind: _Optional[str] = ..., text: _Optional[str] = ..., value_ids: _Optional[_Iterable[str]] = ..., count: _Optional[int] = ...) -> None: ...

class NearestAnchorsRequest(_message.Message):
    __slots__ = ("query", "banks", "relation", "theories", "cross_theory", "top_k")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    BANKS_FIELD_NUMBER: _ClassVar[int]
    RELATION_FIELD_NUMBER: _ClassVar[int]
    THEORIES_FIELD_NUMBER: _ClassVar[int]
    CROSS_THEORY_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    query: Query
    banks: _containers.RepeatedScalarFieldContainer[AnchorBank]
    relation: Relation
    theories: _containers.RepeatedScalarFieldContainer[str]
    cross_theory: bool
    top_k: int
    def __init__(self, query: _Optional[_Union[Query, _Mapping]] = ..., banks: _Optional[_Iterable[_Union[AnchorBank, str]]] = ..., relation: _Optional[_Union[Relation, str]] = ..., theories: _Optional[_Iterable[str]] = ..., cross_theory: bool = ..., top_k: _Optional[int] = ...) -> None: ...

class NearestAnchorsResponse(_message.Message):
    __slots__ = ("neighbours", "model", "vectors")
    NEIGHBOURS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VECTORS_FIELD_NUMBER: _ClassVar[int]
    neighbours: _containers.RepeatedCompositeFieldContainer[AnchorNeighbour]
    model: _common_pb2.ModelVersion
    vectors: VectorsVersion
    def __init__(self, neighbours: _Optional[_Iterable[_Union[AnchorNeighbour, _Mapping]]] = ..., model: _Optional[_Union[_common_pb2.ModelVersion, _Mapping]] = ..., vectors: _Optional[_Union[VectorsVersion, _Mapping]] = ...) -> None: ...

class AnchorNeighbour(_message.Message):
    __slots__ = ("anchor", "cosine")
    ANCHOR_FIELD_NUMBER: _ClassVar[int]
    COSINE_FIELD_NUMBER: _ClassVar[int]
    anchor: Anchor
    cosine: float
    def __init__(self, anchor: _Optional[_Union[Anchor, _Mapping]] = ..., cosine: _Optional[float] = ...) -> None: ...
