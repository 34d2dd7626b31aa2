//go:build compat

package daemon

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/rig/goldentest"
	"hives/internal/rig/servetest"
	"hives/internal/serve"
)

// Clients that exist, as make test-compat installs them: HIVES_COMPAT_PYTHON is an interpreter with openai and
// grpcio-tools, HIVES_COMPAT_GRPCURL a program, HIVES_COMPAT_NODE node with the packages of HIVES_COMPAT_MODULES.
// HIVES_COMPAT_TEI may name upstream's own tei.proto.
const (
	pythonVar  = "HIVES_COMPAT_PYTHON"
	grpcurlVar = "HIVES_COMPAT_GRPCURL"
	teiVar     = "HIVES_COMPAT_TEI"
	nodeVar    = "HIVES_COMPAT_NODE"
	modulesVar = "HIVES_COMPAT_MODULES"
)

func program(t *testing.T, variable string, args ...string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set: run make test-compat", variable)
	}
	var said, complained strings.Builder
	cmd := exec.CommandContext(minute(t), path, args...)
	cmd.Stdout, cmd.Stderr = &said, &complained
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(path), err, complained.String())
	}
	return said.String()
}

// texts are what every client embeds.
var texts = []string{"a lie", "I owe her the truth"}

// expect holds vectors to the model's formula.
func expect(t *testing.T, who string, got [][]float64) {
	t.Helper()
	if len(got) != len(texts) {
		t.Fatalf("%s: %d vectors", who, len(got))
	}
	for i, text := range texts {
		ids, _, err := servetest.Framed(t).Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		want, norm := servetest.Vector(ids), 0.0
		for _, x := range want {
			norm += float64(x) * float64(x)
		}
		if len(got[i]) != len(want) {
			t.Fatalf("%s: %d numbers", who, len(got[i]))
		}
		for k, x := range want {
			if d := got[i][k] - float64(x)/math.Sqrt(norm); !(math.Abs(d) < 1e-6) {
				t.Errorf("%s: number %d of text %d differs by %g", who, k, i, d)
			}
		}
	}
}

// compatRig serves with tokens, in plaintext on loopback.
func compatRig(t *testing.T) (*rig, string) {
	c, token, _ := protected(t)
	c.TLSCert, c.TLSKey = "", ""
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	o.Register = append(o.Register, serve.RegisterValues)
	return newRig(t, c, o, r), token
}

func TestCompatOpenAI(t *testing.T) {
	g, token := compatRig(t)
	var said struct {
		Base64, Float, IDs [][]float64
		Tokens             int
		Models             []string
		Errors             []string
	}
	out := program(t, pythonVar, filepath.Join("testdata", "openai_client.py"), g.httpURL()+"/v1", token,
		texts[0], texts[1])
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	expect(t, "openai, base64", said.Base64)
	expect(t, "openai, float", said.Float)
	if said.Tokens == 0 || strings.Join(said.Models, " ") != "fake" {
		t.Errorf("%d tokens, models %v", said.Tokens, said.Models)
	}
	if got, want := strings.Join(said.Errors, " "), "BadRequestError:empty_text NotFoundError:model_not_found "+
		"AuthenticationError:unauthenticated"; got != want {
		t.Errorf("errors %s, want %s", got, want)
	}
}

// The openai package asks a tiny language model in every way that is served, and reads every answer.
func TestCompatOpenAIChat(t *testing.T) {
	c, token := talking(t)
	g := newRig(t, c, serve.Options{Limits: serve.DefaultLimits(), Times: serve.DefaultTimes()}, &servetest.Runner{})
	var said struct {
		Whole, Finish, Models, Errors  []string
		Logs, Tops                     []int
		Spelled, Stream, Ended, Chosen string
		Fingerprint, Completion, Told  string
		Tokens                         int `json:"completion_tokens"`
		StreamTokens                   int `json:"stream_tokens"`
		CompletionLogs                 int `json:"completion_logs"`
		Verdict                        struct {
			Choice  string
			Level   int
			Reasons []struct{ Words string }
		}
	}
	out := program(t, pythonVar, filepath.Join("testdata", "openai_chat.py"), g.httpURL()+"/v1", token, "tiny")
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(said.Whole) != 2 || said.Whole[0] == said.Whole[1] || said.Stream != said.Whole[0] ||
		said.Spelled != said.Stream || said.Ended != "length" || said.Tokens != 40 || said.StreamTokens != 20 ||
		fmt.Sprint(said.Logs, said.Tops) != "[20 20] [3]" {
		t.Errorf("chats: %s", out)
	}
	if v := said.Verdict.Choice; v != "power" && v != "benevolence" || said.Chosen != "yes" && said.Chosen != "no" {
		t.Errorf("answers of a form: %s", out)
	}
	if said.Completion == "" || said.Told != said.Completion || said.CompletionLogs != 8 {
		t.Errorf("completions: %s", out)
	}
	if strings.Join(said.Models, " ") != "tiny" || !strings.HasPrefix(said.Fingerprint, "hives-") {
		t.Errorf("models %v, fingerprint %q", said.Models, said.Fingerprint)
	}
	want := "BadRequestError:invalid:presence_penalty NotFoundError:model_not_found:model " +
		"AuthenticationError:unauthenticated:None BadRequestError:invalid:frobnicate " +
		"BadRequestError:invalid:response_format.json_schema.schema BadRequestError:invalid:messages"
	if got := strings.Join(said.Errors, " "); got != want {
		t.Errorf("errors %s, want %s", got, want)
	}
}

// chatted is what a client that asks greedily says, whole and as a stream.
type chatted struct{ Whole, Stream, Choice string }

// Clients that bring fields of their own, at their defaults.
func TestCompatChats(t *testing.T) {
	c, token := talking(t)
	g := newRig(t, c, serve.Options{Limits: serve.DefaultLimits(), Times: serve.DefaultTimes()}, &servetest.Runner{})
	var python chatted
	out := program(t, pythonVar, filepath.Join("testdata", "langchain_chat.py"), g.httpURL(), token, "tiny")
	if err := json.Unmarshal([]byte(out), &python); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	all := map[string]chatted{}
	out = program(t, nodeVar, filepath.Join("testdata", "node_chat.mjs"), g.httpURL(), token, "tiny",
		os.Getenv(modulesVar))
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if python.Choice != "power" && python.Choice != "benevolence" || len(all) != 2 {
		t.Errorf("a schema of LangChain: %q; %d clients of JavaScript", python.Choice, len(all))
	}
	all["LangChain"] = python
	for who, said := range all {
		if said.Whole == "" || said.Stream != said.Whole {
			t.Errorf("%s: %q whole, %q as a stream", who, said.Whole, said.Stream)
		}
	}
}

// many is what a client of 1,000 texts says.
type many struct {
	Count       int
	First, Last []float64
}

// expectMany holds the first and the last of 1,000 vectors to the model's formula.
func expectMany(t *testing.T, who string, got many) {
	t.Helper()
	if got.Count != 1000 {
		t.Fatalf("%s: %d vectors of 1,000", who, got.Count)
	}
	was := texts
	defer func() { texts = was }()
	texts = []string{"document 0", "document 999"}
	expect(t, who, [][]float64{got.First, got.Last})
}

// manyRig has the limits of a daemon at its defaults.
func manyRig(t *testing.T) (*rig, string) {
	c, token, _ := protected(t)
	c.TLSCert, c.TLSKey = "", ""
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	o.Limits = serve.DefaultLimits()
	return newRig(t, c, o, r), token
}

func TestCompatLangChain(t *testing.T) {
	g, token := manyRig(t)
	var said many
	out := program(t, pythonVar, filepath.Join("testdata", "langchain_client.py"), g.httpURL(), token, "fake")
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	expectMany(t, "LangChain", said)
}

func TestCompatNode(t *testing.T) {
	g, token := manyRig(t)
	said := map[string]many{}
	out := program(t, nodeVar, filepath.Join("testdata", "node_clients.mjs"), g.httpURL(), token, "fake",
		os.Getenv(modulesVar))
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, who := range []string{"AI SDK", "LangChain.js"} {
		expectMany(t, who, said[who])
	}
}

func TestCompatTEI(t *testing.T) {
	g, token := compatRig(t)
	proto := os.Getenv(teiVar)
	if proto == "" {
		proto = filepath.Join(goldentest.ModuleRoot(t), "proto", "tei", "v1", "tei.proto")
	}
	var said struct {
		Embed, Stream [][]float64
		IDs           [][]int32
		MaxInput      int
		Errors        []string
	}
	out := program(t, pythonVar, filepath.Join("testdata", "tei_client.py"), proto, t.TempDir(), g.addr, token,
		texts[0], texts[1])
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	expect(t, "TEI, Embed", said.Embed)
	expect(t, "TEI, EmbedStream", said.Stream)
	for i, text := range texts {
		want, _, err := servetest.Framed(t).Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		if len(said.IDs) != len(texts) || len(said.IDs[i]) != len(want) || said.IDs[i][0] != want[0] {
			t.Errorf("TEI, Tokenize: %v, want %v", said.IDs, want)
		}
	}
	if got, want := strings.Join(said.Errors, " "), "INVALID_ARGUMENT UNIMPLEMENTED"; got != want ||
		said.MaxInput != servetest.MaxLength {
		t.Errorf("errors %s, want %s; texts of up to %d tokens", got, want, said.MaxInput)
	}
}

func TestCompatGrpcurl(t *testing.T) {
	g, token := compatRig(t)
	with := []string{"-plaintext", "-H", "authorization: Bearer " + token}
	services := program(t, grpcurlVar, append(with, g.addr, "list")...)
	for _, name := range []string{"hives.v1.EmbedService", "hives.v1.ValueService", "tei.v1.Embed",
		"grpc.health.v1.Health"} {
		if !strings.Contains(services, name) {
			t.Errorf("list does not show %s:\n%s", name, services)
		}
	}
	question, err := json.Marshal(map[string]any{"texts": texts})
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		Embeddings []struct{ Values []float64 }
	}
	out := program(t, grpcurlVar, append(with, "-d", string(question), g.addr, "hives.v1.EmbedService/Embed")...)
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		t.Fatal(err)
	}
	var got [][]float64
	for _, e := range said.Embeddings {
		got = append(got, e.Values)
	}
	expect(t, "grpcurl", got)
}
