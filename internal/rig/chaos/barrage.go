package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"hives/internal/rig/loadtest"
)

// rightful are the codes that a strange message may end in. None of them blames the server: INTERNAL, UNKNOWN and
// UNAVAILABLE would, for a message that its sender got wrong.
var rightful = []codes.Code{codes.OK, codes.InvalidArgument, codes.FailedPrecondition, codes.NotFound,
	codes.ResourceExhausted, codes.Unimplemented}

// raw passes bytes as they are, so that a message need not be one. It takes the name "proto", which is the content
// type that the server expects.
type raw struct{}

func (raw) Name() string                    { return "proto" }
func (raw) Marshal(v any) ([]byte, error)   { return *v.(*[]byte), nil }
func (raw) Unmarshal(b []byte, v any) error { *v.(*[]byte) = slices.Clone(b); return nil }

// replyTimeout is how long a strange message may take; a deadline that passes is no rightful answer.
const replyTimeout = 30 * time.Second

// Judge looks at the bytes of a request that was answered, and at its answer. Nil accepts.
type Judge func(request []byte, reply proto.Message) error

// Outcome counts a method's answers by code. A barrage in which everything is INVALID_ARGUMENT has tried nothing
// but the decoder: the tests look at it too.
type Outcome map[string]int

// String lists the codes in alphabetical order, with how often each came.
func (o Outcome) String() string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(o)) {
		parts = append(parts, fmt.Sprintf("%s %d", code, o[code]))
	}
	return strings.Join(parts, ", ")
}

// Barrage sends n strange messages to a method. It ends with the first answer that is not right: a code that blames
// the server, or a reply that the judge or Sound refuses.
//
//	Barrage(ctx, conn, Embed, 4000, 7, judge)
//	→ how many ended in which code, as "InvalidArgument N, OK M", or
//	→ "hives.v1.EmbedService.Embed, message 118 of seed 7 (52 bytes): code Internal"
func Barrage(ctx context.Context, conn *grpc.ClientConn, method protoreflect.MethodDescriptor, n int, seed uint64,
	judge Judge) (Outcome, error) {
	random := rand.New(rand.NewPCG(seed, 2))
	out := Outcome{}
	for i := range n {
		// The draws before it decide it too: message 118 is made again by making 0 to 117 first.
		request := Malformed(random, method.Input())
		code, err := shoot(ctx, conn, method, request, judge)
		out[code.String()]++
		if err == nil && !slices.Contains(rightful, code) {
			err = fmt.Errorf("code %v", code)
		}
		if err != nil {
			return out, fmt.Errorf("%s, message %d of seed %d (%d bytes): %w", method.FullName(), i, seed, len(request), err)
		}
	}
	return out, nil
}

// shoot sends one message and reads to the end of the answer. The error is of the answer's contents.
// Every method is called as a stream of one message, whatever it is: on the wire a unary call is nothing else.
func shoot(ctx context.Context, conn *grpc.ClientConn, method protoreflect.MethodDescriptor, request []byte,
	judge Judge) (codes.Code, error) {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	path := fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name())
	// Both directions stream, so that no answer of any method is one too many for the client.
	desc := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	stream, err := conn.NewStream(ctx, desc, path, grpc.ForceCodec(raw{}))
	if err != nil {
		return code(err), nil
	}
	if err := stream.SendMsg(&request); err == nil { // else the answer is there already
		err = stream.CloseSend()
		if err != nil {
			return code(err), nil
		}
	}
	// A stream may answer with any number of messages; the last is followed by io.EOF, which is OK.
	for {
		var answer []byte
		if err := stream.RecvMsg(&answer); errors.Is(err, io.EOF) {
			return codes.OK, nil
		} else if err != nil {
			return code(err), nil
		}
		// The reply is read by the interface's description, so an answer of another type is seen.
		reply := dynamicpb.NewMessage(method.Output())
		if err := proto.Unmarshal(answer, reply); err != nil {
			return codes.OK, fmt.Errorf("the reply is no %s: %w", method.Output().FullName(), err)
		}
		if err := Sound(reply); err != nil {
			return codes.OK, err
		}
		if judge != nil {
			if err := judge(request, reply); err != nil {
				return codes.OK, err
			}
		}
	}
}

// Sound refuses a message that holds a number which is not one, wherever it stands: a NaN in a vector would make
// every distance to it a NaN, without any error.
func Sound(m protoreflect.Message) (err error) {
	check := func(f protoreflect.FieldDescriptor, v protoreflect.Value) error {
		switch {
		case f.Message() != nil:
			return Sound(v.Message())
		case f.Kind() == protoreflect.FloatKind || f.Kind() == protoreflect.DoubleKind:
			if x := v.Float(); math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("%s is %g", f.FullName(), x)
			}
		}
		return nil
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
		case f.IsList():
			for i := 0; err == nil && i < v.List().Len(); i++ {
				err = check(f, v.List().Get(i))
			}
		default:
			err = check(f, v)
		}
		return err == nil
	})
	return err
}

// Methods are those of the services of files, in their order. A method that is added to an interface is thereby
// tried too.
func Methods(files ...protoreflect.FileDescriptor) (out []protoreflect.MethodDescriptor) {
	for _, file := range files {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for k := range methods.Len() {
				out = append(out, methods.Get(k))
			}
		}
	}
	return out
}

// Alive asks for known texts and compares: the first, one in the middle and the last. A server that answers quickly
// and wrongly is not alive.
func Alive(ctx context.Context, known *loadtest.Known, embed loadtest.Embed, tolerance float64) error {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	which := []int{0, len(known.Texts) / 2, len(known.Texts) - 1}
	r, err := embed(ctx, known.Request(which))
	if err != nil {
		return fmt.Errorf("a plain request: %w", err)
	}
	if d := known.Compare(which, r); !(d <= tolerance) {
		return fmt.Errorf("a plain request's vectors differ by %g", d)
	}
	return nil
}

// code is what a client of gRPC sees; of an error that is none it is Unknown, which is not rightful.
func code(err error) codes.Code { return status.Code(err) }
