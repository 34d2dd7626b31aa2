package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"hives/internal/rig/servetest"
	"hives/internal/serve"
	"hives/pack"
	hivesv1 "hives/proto/hives/v1"
	teiv1 "hives/proto/tei/v1"
)

// canary is a text that must not be seen again.
const canary = "tweety-4711"

// TestNothingQuotesATextAnywhere sends the canary through every method and HTTP, well and badly, through an engine
// and handlers that panic with it, and looks for it in the log, traces, figures, the page and every answer.
func TestNothingQuotesATextAnywhere(t *testing.T) {
	var mu sync.Mutex
	mode, probed := "", true
	is := func(want string) bool { mu.Lock(); defer mu.Unlock(); return mode == want }
	// A caller has its answer before the scheduler probes the engine: one that was broken again by then is lost.
	set := func(m string) {
		for {
			mu.Lock()
			if probed {
				mode = m
				mu.Unlock()
				return
			}
			mu.Unlock()
			time.Sleep(time.Millisecond)
		}
	}
	r := &servetest.Runner{OnRun: func(*pack.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		broken := mode
		if probed = true; broken == "engine fails" || broken == "engine panics" {
			mode, probed = "", false
		}
		switch broken {
		case "engine fails":
			return errors.New("no device") // an engine is given ids, never a text
		case "engine panics":
			panic(canary)
		}
		return nil
	}}
	o := servetest.Options(t, r)
	o.Register = append(o.Register, serve.RegisterValues)
	o.Admit = func(context.Context, int, bool) (func(int), error) { // inside handlers, of gRPC and HTTP alike
		if is("handler panics") {
			panic(canary)
		}
		return func(int) {}, nil
	}
	g := newRig(t, Default(), o, r)
	conn := g.dial(t, insecure.NewCredentials())
	long := strings.Repeat(canary+" ", 40)
	var said strings.Builder
	for _, m := range []string{"", "engine fails", "engine panics", "handler panics"} {
		for name, call := range everyCall(t, conn) {
			for _, text := range []string{canary, long, ""} {
				set(m)
				reply, err := call(minute(t), text)
				s := status.Convert(err)
				fmt.Fprintln(&said, name, reply, s.Message(), s.Details())
			}
		}
		for _, body := range []string{`{"input":"` + canary + `"}`, `{"input":"` + long + `"}`, canary, `{"input":["` +
			canary + `",""]}`, `{"` + canary + `":1}`, `{"input":"a","model":"` + canary + `"}`} {
			set(m)
			status, reply := ask(t, "POST", g.httpURL()+"/v1/embeddings?"+canary, body)
			fmt.Fprintln(&said, status, reply)
		}
		set("")
		_, reply := ask(t, "GET", g.httpURL()+"/v1/models/"+canary, "")
		said.WriteString(reply)
	}
	for _, path := range []string{"/metrics", "/", "/status.json", "/healthz", "/debug/pprof/goroutine?debug=2"} {
		status, reply := ask(t, "GET", g.adminURL()+path, "")
		if status != http.StatusOK {
			t.Errorf("%s: status %d", path, status)
		}
		look(t, path, reply)
	}
	spans, err := json.Marshal(g.spans.GetSpans().Snapshots())
	if err != nil {
		spans = nil
	}
	look(t, "traces", fmt.Sprintf("%+v %s", g.spans.GetSpans(), spans))
	look(t, "answers", said.String())
	look(t, "log", g.log.String(), "a panic was contained", `"protocol":"http"`, `"status":500`, "EmbedStream", "Internal")
	_, metrics := ask(t, "GET", g.adminURL()+"/metrics", "")
	look(t, "figures", metrics, `embedd_rejected_total{reason="PANIC"}`,
		`embedd_requests_total{code="503",method="/v1/embeddings"}`, `embedd_stage_seconds_count{stage="encode"}`,
		`embedd_model_info{`, `weights="weights0"`, "embedd_batch_fill_sum", "embedd_compile_seconds")
	for _, stage := range []string{"tokenize", "queue", "infer", "encode", "HTTP /v1/embeddings",
		"hives.v1.EmbedService/Embed"} {
		if !strings.Contains(fmt.Sprintf("%+v", g.spans.GetSpans()), "Name:"+stage+" ") {
			t.Errorf("no span %s", stage)
		}
	}
}

// look fails where the canary is, or where something is not that should be: then it was looked for in too little.
func look(t *testing.T, where, content string, says ...string) {
	t.Helper()
	if at := strings.Index(content, canary); at >= 0 {
		t.Errorf("%s quotes the text: …%s…", where, content[max(0, at-200):min(len(content), at+100)])
	}
	for _, word := range says {
		if !strings.Contains(content, word) {
			t.Errorf("%s does not say %s", where, word)
		}
	}
}

type call func(ctx context.Context, text string) (reply any, err error)

// everyCall has a call of every method that takes a text.
func everyCall(t *testing.T, conn *grpc.ClientConn) map[string]call {
	embed, values, tei, tok := hivesv1.NewEmbedServiceClient(conn), hivesv1.NewValueServiceClient(conn),
		teiv1.NewEmbedClient(conn), teiv1.NewTokenizeClient(conn)
	refuse := hivesv1.Overlong_OVERLONG_REFUSE
	return map[string]call{
		"Embed": func(ctx context.Context, text string) (any, error) {
			return embed.Embed(ctx, &hivesv1.EmbedRequest{Texts: []string{text}, Overlong: refuse})
		},
		"EmbedStream": func(ctx context.Context, text string) (any, error) {
			s, err := embed.EmbedStream(ctx)
			if err != nil {
				return nil, err
			}
			if err := s.Send(&hivesv1.EmbedStreamRequest{Tag: 1, Request: &hivesv1.EmbedRequest{Texts: []string{text},
				Overlong: refuse}}); err != nil {
				return nil, err
			}
			return s.Recv()
		},
		"Tokenize": func(ctx context.Context, text string) (any, error) {
			return embed.Tokenize(ctx, &hivesv1.TokenizeRequest{Texts: []string{text}, Overlong: refuse})
		},
		"ScoreTexts": func(ctx context.Context, text string) (any, error) {
			return values.ScoreTexts(ctx, &hivesv1.ScoreTextsRequest{Texts: []string{text}})
		},
		"GetValueVector": func(ctx context.Context, text string) (any, error) {
			return values.GetValueVector(ctx, &hivesv1.GetValueVectorRequest{ValueId: text})
		},
		"tei Embed": func(ctx context.Context, text string) (any, error) {
			return tei.Embed(ctx, &teiv1.EmbedRequest{Inputs: text})
		},
		"tei EmbedStream": func(ctx context.Context, text string) (any, error) {
			s, err := tei.EmbedStream(ctx)
			if err != nil {
				return nil, err
			}
			if err := s.Send(&teiv1.EmbedRequest{Inputs: text, PromptName: &text}); err != nil {
				return nil, err
			}
			return s.Recv()
		},
		"tei Tokenize": func(ctx context.Context, text string) (any, error) {
			return tok.Tokenize(ctx, &teiv1.EncodeRequest{Inputs: text})
		},
		"no method": func(ctx context.Context, text string) (any, error) {
			out := &hivesv1.EmbedResponse{}
			return out, conn.Invoke(ctx, "/hives.v1.EmbedService/Nothing", &hivesv1.EmbedRequest{Texts: []string{text}}, out)
		},
	}
}
