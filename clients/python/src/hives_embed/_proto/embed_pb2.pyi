import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from . import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EmbedRequest(_message.Message):
    __slots__ = ("texts", "token_ids", "prompt", "dimensions", "normalize", "overlong", "encoding")
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    TOKEN_IDS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    NORMALIZE_FIELD_NUMBER: _ClassVar[int]
    OVERLONG_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    texts: _containers.RepeatedScalarFieldContainer[str]
    token_ids: _containers.RepeatedCompositeFieldContainer[_common_pb2.TokenIds]
    prompt: str
    dimensions: int
    normalize: bool
    overlong: _common_pb2.Overlong
    encoding: _common_pb2.Encoding
    def __init__(self, texts: _Optional[_Iterable[str]] = ..., token_ids: _Optional[_Iterable[_Union[_common_pb2.TokenIds, _Mapping]]] = ..., prompt: _Optional[str] = ..., dimensions: _Optional[int] = ..., normalize: bool = ..., overlong: _Optional[_Union[_common_pb2.Overlong, str]] = ..., encoding: _Optional[_Union[_common_pb2.Encoding, str]] = ...) -> None: ...

class EmbedResponse(_message.Message):
    __slots__ = ("embeddings", "model", "timings")
    EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    embeddings: _containers.RepeatedCompositeFieldContainer[Embedding]
    model: _common_pb2.ModelVersion
    timings: _common_pb2.Timings
    def __init__(self, embeddings: _Optional[_Iterable[_Union[Embedding, _Mapping]]] = ..., model: _Optional[_Union[_common_pb2.ModelVersion, _Mapping]] = ..., timings: _Optional[_Union[_common_pb2.Timings, _Mapping]] = ...) -> None: ...

class Embedding(_message.Message):
    __slots__ = ("values", "packed", "scale", "tokens", "truncated")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    PACKED_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    packed: bytes
    scale: float
    tokens: int
    truncated: bool
    def __init__(self, values: _Optional[_Iterable[float]] = ..., packed: _Optional[bytes] = ..., scale: _Optional[float] = ..., tokens: _Optional[int] = ..., truncated: bool = ...) -> None: ...

class EmbedStreamRequest(_message.Message):
    __slots__ = ("tag", "request")
    TAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    tag: int
    request: EmbedRequest
    def __init__(self, tag: _Optional[int] = ..., request: _Optional[_Union[EmbedRequest, _Mapping]] = ...) -> None: ...

class EmbedStreamResponse(_message.Message):
    __slots__ = ("tag", "first", "last", "response", "error")
    TAG_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    tag: int
    first: int
    last: bool
    response: EmbedResponse
    error: StreamError
    def __init__(self, tag: _Optional[int] = ..., first: _Optional[int] = ..., last: bool = ..., response: _Optional[_Union[EmbedResponse, _Mapping]] = ..., error: _Optional[_Union[StreamError, _Mapping]] = ...) -> None: ...

class StreamError(_message.Message):
    __slots__ = ("code", "message", "reason", "retry_delay")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RETRY_DELAY_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    reason: str
    retry_delay: _duration_pb2.Duration
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ..., reason: _Optional[str] = ..., retry_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class TokenizeRequest(_message.Message):
    __slots__ = ("texts", "prompt", "overlong")
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    OVERLONG_FIELD_NUMBER: _ClassVar[int]
    texts: _containers.RepeatedScalarFieldContainer[str]
    prompt: str
    overlong: _common_pb2.Overlong
    def __init__(self, texts: _Optional[_Iterable[str]] = ..., prompt: _Optional[str] = ..., overlong: _Optional[_Union[_common_pb2.Overlong, str]] = ...) -> None: ...

class TokenizeResponse(_message.Message):
    __slots__ = ("results", "model")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[TokenizedText]
    model: _common_pb2.ModelVersion
    def __init__(self, results: _Optional[_Iterable[_Union[TokenizedText, _Mapping]]] = ..., model: _Optional[_Union[_common_pb2.ModelVersion, _Mapping]] = ...) -> None: ...

class TokenizedText(_message.Message):
    __slots__ = ("ids", "truncated")
    IDS_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[int]
    truncated: bool
    def __init__(self, ids: _Optional[_Iterable[int]] = ..., truncated: bool = ...) -> None: ...

class GetInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetInfoResponse(_message.Message):
    __slots__ = ("model", "limits", "engine", "prompts", "server", "vectors_sha256")
    class PromptsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    MODEL_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    PROMPTS_FIELD_NUMBER: _ClassVar[int]
    SERVER_FIELD_NUMBER: _ClassVar[int]
    VECTORS_SHA256_FIELD_NUMBER: _ClassVar[int]
    model: _common_pb2.ModelVersion
    limits: Limits
    engine: Engine
    prompts: _containers.ScalarMap[str, str]
    server: str
    vectors_sha256: str
    def __init__(self, model: _Optional[_Union[_common_pb2.ModelVersion, _Mapping]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., engine: _Optional[_Union[Engine, _Mapping]] = ..., prompts: _Optional[_Mapping[str, str]] = ..., server: _Optional[str] = ..., vectors_sha256: _Optional[str] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("max_texts", "max_length", "max_request_tokens", "max_request_bytes", "max_reply_bytes", "max_queue_tokens", "max_streams", "max_stream_inflight")
    MAX_TEXTS_FIELD_NUMBER: _ClassVar[int]
    MAX_LENGTH_FIELD_NUMBER: _ClassVar[int]
    MAX_REQUEST_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MAX_REQUEST_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_REPLY_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_QUEUE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MAX_STREAMS_FIELD_NUMBER: _ClassVar[int]
    MAX_STREAM_INFLIGHT_FIELD_NUMBER: _ClassVar[int]
    max_texts: int
    max_length: int
    max_request_tokens: int
    max_request_bytes: int
    max_reply_bytes: int
    max_queue_tokens: int
    max_streams: int
    max_stream_inflight: int
    def __init__(self, max_texts: _Optional[int] = ..., max_length: _Optional[int] = ..., max_request_tokens: _Optional[int] = ..., max_request_bytes: _Optional[int] = ..., max_reply_bytes: _Optional[int] = ..., max_queue_tokens: _Optional[int] = ..., max_streams: _Optional[int] = ..., max_stream_inflight: _Optional[int] = ...) -> None: ...

class Engine(_message.Message):
    __slots__ = ("name", "choice", "plugin_sha256", "pjrt_api", "threads", "shapes")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CHOICE_FIELD_NUMBER: _ClassVar[int]
    PLUGIN_SHA256_FIELD_NUMBER: _ClassVar[int]
    PJRT_API_FIELD_NUMBER: _ClassVar[int]
    THREADS_FIELD_NUMBER: _ClassVar[int]
    SHAPES_FIELD_NUMBER: _ClassVar[int]
    name: str
    choice: str
    plugin_sha256: str
    pjrt_api: str
    threads: int
    shapes: _containers.RepeatedCompositeFieldContainer[Shape]
    def __init__(self, name: _Optional[str] = ..., choice: _Optional[str] = ..., plugin_sha256: _Optional[str] = ..., pjrt_api: _Optional[str] = ..., threads: _Optional[int] = ..., shapes: _Optional[_Iterable[_Union[Shape, _Mapping]]] = ...) -> None: ...

class Shape(_message.Message):
    __slots__ = ("rows", "length", "texts")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    rows: int
    length: int
    texts: int
    def __init__(self, rows: _Optional[int] = ..., length: _Optional[int] = ..., texts: _Optional[int] = ...) -> None: ...
