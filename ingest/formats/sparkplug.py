"""Payloads of Sparkplug B (Eclipse Sparkplug 3.0, chapter 6.4): Protocol Buffers in, metrics out, and back.

The topic says that a payload is one of these, so there is no content type and no `FORMAT`; what a metric
known by its alias alone is called, only the birth certificate says: see `ingest.sparkplug.session`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from ingest.formats.readings import MAX_PAYLOAD_BYTES, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Value = int | float | str | bytes


class DataType(IntEnum):
    """Data types of metrics that are one number; 12 and more are text, bytes and structures but for 13."""

    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATE_TIME = 13
    BYTES = 17


class Metric(NamedTuple):
    """One metric. `timestamp` is in milliseconds since 1970 UTC; text and structures come as str or bytes.

    An integer without a `datatype` is as it stands on the wire, unsigned: see `number`.
    """

    name: str | None = None
    alias: int | None = None
    timestamp: int | None = None
    datatype: int | None = None
    value: Value | None = None
    is_null: bool = False
    is_historical: bool = False
    is_transient: bool = False


class Payload(NamedTuple):
    """What one message carries."""

    timestamp: int | None = None
    seq: int | None = None
    metrics: tuple[Metric, ...] = ()


_BITS: Mapping[int, int] = {
    DataType.INT8: 8, DataType.INT16: 16, DataType.INT32: 32, DataType.INT64: 64,
    DataType.UINT8: 8, DataType.UINT16: 16, DataType.UINT32: 32, DataType.UINT64: 64,
    DataType.DATE_TIME: 64,
}  # fmt: skip
_SIGNED = frozenset((DataType.INT8, DataType.INT16, DataType.INT32, DataType.INT64))
#: the field of the oneof `value` that a data type is sent in
_FIELDS = {
    DataType.INT8: "int_value", DataType.INT16: "int_value", DataType.INT32: "int_value",
    DataType.UINT8: "int_value", DataType.UINT16: "int_value", DataType.UINT32: "int_value",
    DataType.INT64: "long_value", DataType.UINT64: "long_value", DataType.DATE_TIME: "long_value",
    DataType.FLOAT: "float_value", DataType.DOUBLE: "double_value", DataType.BOOLEAN: "boolean_value",
    DataType.STRING: "string_value", DataType.BYTES: "bytes_value",
}  # fmt: skip
_PLAIN: Mapping[type, str] = {
    float: "double_value",
    bool: "boolean_value",
    str: "string_value",
    bytes: "bytes_value",
}
_WORD = {"int_value": 0xFFFF_FFFF, "long_value": 0xFFFF_FFFF_FFFF_FFFF}


def number(value: Value | None, datatype: int | None) -> Value | None:
    """Return a value as its data type means it: integers wrap to their width and sign (two's complement).

    Other values, and those of other data types, are returned as they are; so is a value read before.
    """
    if isinstance(value, float) or not isinstance(value, int):
        return value
    if datatype == DataType.BOOLEAN:
        return bool(value)
    bits = None if datatype is None else _BITS.get(datatype)
    if bits is None:
        return value
    unsigned = value & ((1 << bits) - 1)
    return unsigned - (1 << bits) if datatype in _SIGNED and unsigned >> (bits - 1) else unsigned


def decode(payload: bytes) -> Payload | Problem:
    """Return a payload decoded, or what is wrong with it. Never raises.

    Source: Eclipse Sparkplug 3.0, 6.4.1 (the schema) and 6.4.16 (integers).
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        return Problem("not_decodable", "$", f"{len(payload)} bytes are more than {MAX_PAYLOAD_BYTES}")
    try:
        message: Any = _PAYLOAD.FromString(payload)
    except (DecodeError, ValueError, RecursionError):
        return Problem(
            "not_decodable", "$", "not a Sparkplug B payload: its bytes are no such Protocol Buffer"
        )
    return Payload(
        _optional(message, "timestamp"),
        _optional(message, "seq"),
        tuple([_metric(each) for each in message.metrics]),
    )


def encode(payload: Payload) -> bytes:
    """Return the bytes of a payload, for edge nodes that are simulated and for commands.

    Raises:
        ValueError, TypeError, KeyError: a value that its data type cannot have, or an integer without one.
    """
    message: bytes = _PAYLOAD(
        **_present(timestamp=payload.timestamp, seq=payload.seq),
        metrics=[_METRIC(**_fields(metric)) for metric in payload.metrics],
    ).SerializeToString()
    return message


def _metric(message: Any) -> Metric:
    # The hot path of an edge node's data: to ask for a field's value costs less than whether it is there.
    datatype = message.datatype or None  # 0 is "unknown"
    field = message.WhichOneof("value")
    value: Any = getattr(message, field) if field else None
    if type(value) is not float:
        value = _text(value) if field == "string_value" else number(value, datatype)
    name = message.name
    return Metric(
        _text(name) if name or message.HasField("name") else None,
        message.alias or _optional(message, "alias"),
        message.timestamp or _optional(message, "timestamp"),
        datatype,
        value,
        message.is_null,
        message.is_historical,
        message.is_transient,
    )


def _fields(metric: Metric) -> Mapping[str, Any]:
    fields = _present(
        name=None if metric.name is None else metric.name.encode(),
        alias=metric.alias,
        timestamp=metric.timestamp,
        datatype=metric.datatype,
        is_null=metric.is_null or None,
        is_historical=metric.is_historical or None,
        is_transient=metric.is_transient or None,
    )
    if metric.value is None:
        return fields
    field, value = _field(metric), metric.value
    if field in _WORD:
        value = int(value) & _WORD[field]
    elif isinstance(value, str):
        value = value.encode()
    return {**fields, field: value}


def _field(metric: Metric) -> str:
    """Return the field for a value: its data type's, else the one that Python's type goes into."""
    if metric.datatype is not None:
        return _FIELDS[DataType(metric.datatype)]
    if type(metric.value) not in _PLAIN:
        raise ValueError(f"{metric.value!r} needs a data type: its width says how it is sent")
    return _PLAIN[type(metric.value)]


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _optional(message: Any, field: str) -> Any:
    return getattr(message, field) if message.HasField(field) else None


def _text(text: bytes) -> str:
    # Neither PostgreSQL's text nor its jsonb holds NUL.
    return text.decode("utf-8", "replace").replace("\0", "\ufffd")


def _schema() -> descriptor_pb2.FileDescriptorProto:
    """Return the schema: names and numbers of the fields are the specification's.

    Text and structures are declared as bytes, which they are on the wire: so no text is invalid, and what is
    never an observation (data sets, templates, properties) is not taken apart, however deep it nests.
    """
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="halong/sparkplug_b.proto", package="halong.sparkplug")
    metric = file.message_type.add(name="Metric")
    _add(metric, {1: "name", 8: "metadata", 9: "properties"}, kinds.TYPE_BYTES)
    _add(metric, {2: "alias", 3: "timestamp"}, kinds.TYPE_UINT64)
    _add(metric, {4: "datatype"}, kinds.TYPE_UINT32)
    _add(metric, {5: "is_historical", 6: "is_transient", 7: "is_null"}, kinds.TYPE_BOOL)
    metric.oneof_decl.add(name="value")
    _add(metric, {10: "int_value"}, kinds.TYPE_UINT32, oneof=0)
    _add(metric, {11: "long_value"}, kinds.TYPE_UINT64, oneof=0)
    _add(metric, {12: "float_value"}, kinds.TYPE_FLOAT, oneof=0)
    _add(metric, {13: "double_value"}, kinds.TYPE_DOUBLE, oneof=0)
    _add(metric, {14: "boolean_value"}, kinds.TYPE_BOOL, oneof=0)
    rest = {15: "string_value", 16: "bytes_value", 17: "dataset_value", 18: "template_value"}
    _add(metric, rest | {19: "extension_value"}, kinds.TYPE_BYTES, oneof=0)
    payload = file.message_type.add(name="Payload")
    _add(payload, {1: "timestamp", 3: "seq"}, kinds.TYPE_UINT64)
    _add(payload, {4: "uuid", 5: "body"}, kinds.TYPE_BYTES)
    payload.field.add(
        name="metrics", number=2, type=kinds.TYPE_MESSAGE, label=kinds.LABEL_REPEATED,
        type_name=".halong.sparkplug.Metric",
    )  # fmt: skip
    return file


def _add(
    message: descriptor_pb2.DescriptorProto,
    names: Mapping[int, str],
    kind: descriptor_pb2.FieldDescriptorProto.Type.ValueType,
    *,
    oneof: int | None = None,
) -> None:
    for place, name in names.items():
        field = message.field.add(
            name=name, number=place, type=kind, label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
        )
        if oneof is not None:
            field.oneof_index = oneof


def _classes(names: Iterable[str]) -> list[Any]:
    # A pool of its own: another library in the process may have registered the same schema.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_schema())
    return [
        message_factory.GetMessageClass(pool.FindMessageTypeByName(f"halong.sparkplug.{name}"))
        for name in names
    ]


_PAYLOAD, _METRIC = _classes(("Payload", "Metric"))
