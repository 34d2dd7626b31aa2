package embedder

import (
	"context"
	"io"
	"strings"
	"testing"

	"hives/internal/fault"
)

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		says string // empty: it is good
	}{
		{"a folder", Options{Model: "m", Precision: "bf16", Threads: 2}, ""},
		{"a daemon", Options{Endpoint: "grpc://h:1", Precision: "f32", KeyEnv: "K"}, ""},
		{"an HTTP endpoint", Options{Endpoint: "https://h/v1", EndpointModel: "m"}, ""},
		{"nothing", Options{}, "either --model or --endpoint"},
		{"both", Options{Model: "m", Endpoint: "grpc://h:1"}, "either --model or --endpoint"},
		{"a folder with a key", Options{Model: "m", KeyEnv: "K"}, "belong to --endpoint"},
		{"a daemon with a precision", Options{Endpoint: "grpc://h:1", Precision: "bf16"}, "belong to --model"},
		{"an HTTP endpoint without a model", Options{Endpoint: "http://h/v1"}, "--endpoint-model"},
	} {
		err := c.o.Validate()
		if (err == nil) != (c.says == "") || (err != nil && !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want one that says %q", c.name, err, c.says)
		}
		if err != nil && fault.ExitCode(err) != fault.ExitUsage {
			t.Errorf("%s: exit code %d, want that of a wrong command line", c.name, fault.ExitCode(err))
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Setenv("HIVES_TEST_EMPTY_KEY", "")
	for _, c := range []struct {
		name string
		o    Options
		kind fault.Kind
	}{
		{"a variable without a token", Options{Endpoint: "grpc://127.0.0.1:1", KeyEnv: "HIVES_TEST_EMPTY_KEY"},
			fault.NotFound},
		{"no authority", Options{Endpoint: "grpcs://127.0.0.1:1", CA: "no/such.pem"}, fault.NotFound},
		{"an authority that is none", Options{Endpoint: "grpcs://127.0.0.1:1", CA: "embedder_test.go"}, fault.Invalid},
	} {
		_, _, err := Open(context.Background(), c.o, io.Discard)
		if fault.Of(err) != c.kind {
			t.Errorf("%s: %v (%v), want %v", c.name, err, fault.Of(err), c.kind)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Open(ctx, Options{Endpoint: "grpc://127.0.0.1:1"}, io.Discard); fault.Of(err) != fault.Canceled {
		t.Errorf("a cancelled dial: %v", err)
	}
}
