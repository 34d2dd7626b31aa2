package serve

import (
	"bytes"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"hives/internal/fault"
)

// tolerant is the codec of protobuf, but a message that cannot be decoded arrives empty and marked. Given an
// error, grpc-go would answer INTERNAL by itself, as if the server were at fault; the interceptors see the mark and
// answer INVALID_ARGUMENT.
type tolerant struct{ encoding.CodecV2 }

// mark is an unknown field that no message of ours has: the largest number there is. Whoever sends it is refused.
// It travels inside the message, since a codec has no other way to tell its caller anything but an error.
var mark = protowire.AppendString(protowire.AppendTag(nil, protowire.MaxValidNumber, protowire.BytesType), "malformed")

// Unmarshal never fails for a protobuf message. Whatever was decoded before the fault is thrown away: half a
// message must never be taken for a whole one.
func (t tolerant) Unmarshal(data mem.BufferSlice, v any) error {
	err := t.CodecV2.Unmarshal(data, v)
	m, ok := v.(proto.Message)
	if err == nil || !ok {
		return err
	}
	proto.Reset(m)
	m.ProtoReflect().SetUnknown(mark)
	return nil
}

// malformed refuses a marked message.
func malformed(v any) error {
	if m, ok := v.(proto.Message); ok && bytes.Equal(m.ProtoReflect().GetUnknown(), mark) {
		return Refuse(fault.Invalid, "MALFORMED", "the request is not a message of this method")
	}
	return nil
}

// wellFormed ends a stream at its first malformed message.
type wellFormed struct{ grpc.ServerStream }

// RecvMsg passes a message on, or ends the stream as the client's mistake.
func (w wellFormed) RecvMsg(v any) error {
	if err := w.ServerStream.RecvMsg(v); err != nil {
		return err
	}
	return Status(malformed(v))
}
