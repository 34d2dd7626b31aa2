package daemon

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/rig/servetest"
	"hives/internal/rig/talktest"
	"hives/internal/serve"
	"hives/internal/serve/secure"
	hivesv1 "hives/proto/hives/v1"
)

// talking are settings with tokens and a tiny language model, in plaintext on loopback.
func talking(t *testing.T) (c Config, token string) {
	c, token, _ = protected(t)
	c.TLSCert, c.TLSKey = "", ""
	c.LLM, c.LLMName, c.LLMRows, c.Engine, c.HTTPListen = talktest.Dir(t), "tiny", 2, string(engine.Go), "127.0.0.1:0"
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return c, token
}

const chatBody = `{"messages": [{"role": "user", "content": "zq-canary"}], "max_tokens": 5}`

// A language model is served without one that embeds: under tokens, counted, and with what embeds said to be missing.
func TestALanguageModelAlone(t *testing.T) {
	c, token := talking(t)
	g := newRig(t, c, serve.Options{Limits: serve.DefaultLimits(), Times: serve.DefaultTimes()}, &servetest.Runner{})
	url, bearer := g.httpURL()+"/v1/chat/completions", "Bearer "+token
	if code, body := ask(t, http.MethodPost, url, chatBody); code != http.StatusUnauthorized {
		t.Errorf("without a token: %d %s", code, body)
	}
	code, body := ask(t, http.MethodPost, url, chatBody, "Authorization", bearer)
	if code != http.StatusOK || !strings.Contains(body, `"model":"tiny"`) ||
		!strings.Contains(body, `"completion_tokens":5`) {
		t.Errorf("%d %s", code, body)
	}
	code, body = ask(t, http.MethodGet, g.httpURL()+"/v1/models", "", "Authorization", bearer)
	if code != http.StatusOK || strings.Count(body, `"id"`) != 1 || !strings.Contains(body, `"id":"tiny"`) {
		t.Errorf("%d %s", code, body)
	}
	code, body = ask(t, http.MethodPost, g.httpURL()+"/v1/embeddings", `{"input": "a"}`, "Authorization", bearer)
	if code != http.StatusNotFound || !strings.Contains(body, "no_embedder") {
		t.Errorf("embeddings: %d %s", code, body)
	}
	with := metadata.AppendToOutgoingContext(minute(t), "authorization", bearer)
	_, err := hivesv1.NewEmbedServiceClient(g.dial(t, insecure.NewCredentials())).
		Embed(with, &hivesv1.EmbedRequest{Texts: []string{"a"}})
	if status.Code(err) != codes.NotFound {
		t.Errorf("gRPC: %v", err)
	}
	for _, probe := range []string{"/healthz", "/readyz"} {
		if code, body := ask(t, http.MethodGet, g.adminURL()+probe, ""); code != http.StatusOK {
			t.Errorf("%s: %d %s", probe, code, body)
		}
	}
	_, figures := ask(t, http.MethodGet, g.adminURL()+"/metrics", "")
	for _, line := range []string{"embedd_llm_answers_total 1", "embedd_llm_answer_tokens_total 5", "embedd_serving 1",
		`embedd_requests_total{code="200",method="/v1/chat/completions"} 1`, `embedd_llm_info{engine="go",model="tiny"`} {
		if !strings.Contains(figures, line) {
			t.Errorf("no %s in the figures", line)
		}
	}
	if strings.Contains(g.log.String(), "zq-canary") || strings.Contains(figures, "zq-canary") {
		t.Error("a text is quoted")
	}
	// A reload takes the tokens and leaves the model.
	_, other, err := secure.New(secure.Entry{Name: "another"})
	if err == nil {
		err = os.WriteFile(c.TokensFile, []byte(other.String()+"\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if code, body := ask(t, http.MethodPost, g.adminURL()+"/-/reload", ""); code != http.StatusOK {
		t.Errorf("reload: %d %s", code, body)
	}
	if code, _ := ask(t, http.MethodPost, url, chatBody, "Authorization", bearer); code != http.StatusUnauthorized {
		t.Errorf("with a token that was withdrawn: %d", code)
	}
}

// Beside a model that embeds each answers on its own paths, under its own name.
func TestALanguageModelBesideAnEmbedder(t *testing.T) {
	c, token := talking(t)
	r := &servetest.Runner{}
	g := newRig(t, c, servetest.Options(t, r), r)
	bearer := "Bearer " + token
	code, body := ask(t, http.MethodGet, g.httpURL()+"/v1/models", "", "Authorization", bearer)
	var models struct{ Data []struct{ ID string } }
	if err := json.Unmarshal([]byte(body), &models); err != nil || code != http.StatusOK || len(models.Data) != 2 ||
		models.Data[0].ID != "fake" || models.Data[1].ID != "tiny" {
		t.Errorf("%d %s", code, body)
	}
	for path, body := range map[string]string{"/v1/embeddings": `{"input": "a", "model": "fake"}`,
		"/v1/chat/completions": chatBody, "/v1/completions": `{"prompt": "a", "model": "tiny"}`} {
		if code, body := ask(t, http.MethodPost, g.httpURL()+path, body, "Authorization", bearer); code != http.StatusOK {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
}

// A stream that was accepted is answered to its end when the server is told to end in the middle of it.
func TestAStreamIsAnsweredAtTheEnd(t *testing.T) {
	c, token := talking(t)
	ended := make(chan string, 1)
	t.Run("a server that ends", func(t *testing.T) {
		g := newRig(t, c, serve.Options{Limits: serve.DefaultLimits(), Times: serve.DefaultTimes()}, &servetest.Runner{})
		body := strings.Replace(chatBody, "5}", `120, "stream": true}`, 1)
		r, err := http.NewRequest(http.MethodPost, g.httpURL()+"/v1/chat/completions", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		reply, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(reply.Body)
		for range 5 {
			lines.Scan()
		}
		go func() {
			defer reply.Body.Close()
			last := ""
			for lines.Scan() {
				if lines.Text() != "" {
					last = lines.Text()
				}
			}
			ended <- last
		}()
	}) // its cleanup tells the server to end, and waits
	if last := <-ended; last != "data: [DONE]" {
		t.Errorf("the last event is %q", last)
	}
}

// An answer may take longer than a request has to come in: the time for its body would else end the connection. Over
// TLS, which brings HTTP/2, as over plaintext.
func TestAnAnswerOutlivesTheTimeToReceive(t *testing.T) {
	for _, secured := range []bool{false, true} {
		c, token := talking(t)
		client := http.DefaultClient
		if secured {
			with, _, ca := protected(t)
			c.TLSCert, c.TLSKey = with.TLSCert, with.TLSKey
			client = &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true,
				TLSClientConfig: &tls.Config{RootCAs: ca.Pool, ServerName: "localhost"}}}
		}
		c.ReceiveTimeout = cli.Duration(40 * time.Millisecond)
		g := newRig(t, c, serve.Options{Limits: serve.DefaultLimits(), Times: serve.DefaultTimes()}, &servetest.Runner{})
		url := g.httpURL()
		if secured {
			url = strings.Replace(url, "http:", "https:", 1)
		}
		for _, more := range []string{"", `, "stream": true`} {
			body := strings.Replace(chatBody, "5}", `100`+more+`}`, 1)
			r, err := http.NewRequest(http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+token)
			began := time.Now()
			reply, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := io.ReadAll(reply.Body)
			reply.Body.Close()
			if err != nil || reply.StatusCode != http.StatusOK || !strings.Contains(string(raw), `"finish_reason":"length"`) {
				t.Errorf("%s%s after %v: %d %s, %v", reply.Proto, more, time.Since(began), reply.StatusCode, raw, err)
			}
			if secured != (reply.ProtoMajor == 2) {
				t.Errorf("TLS %v: %s", secured, reply.Proto)
			}
		}
	}
}

// A token's quota pays for prompts and answers: who has spent it waits, and the figures say whose tokens they were.
func TestAQuotaPaysForAnswers(t *testing.T) {
	c, _ := talking(t)
	token, e, err := secure.New(secure.Entry{Name: "thrifty", TokensPerSecond: .01})
	if err == nil {
		err = os.WriteFile(c.TokensFile, []byte(e.String()+"\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	g := newRig(t, c, serve.Options{Limits: serve.DefaultLimits(), Times: serve.DefaultTimes()}, &servetest.Runner{})
	url := g.httpURL() + "/v1/chat/completions"
	code, body := ask(t, http.MethodPost, url, chatBody, "Authorization", "Bearer "+token)
	var said struct {
		Usage struct {
			Total int `json:"total_tokens"`
		}
	}
	if err := json.Unmarshal([]byte(body), &said); err != nil || code != http.StatusOK {
		t.Fatalf("%d %s", code, body)
	}
	code, body = ask(t, http.MethodPost, url, chatBody, "Authorization", "Bearer "+token)
	if code != http.StatusTooManyRequests || !strings.Contains(body, `"quota"`) {
		t.Errorf("in debt: %d %s", code, body)
	}
	_, figures := ask(t, http.MethodGet, g.adminURL()+"/metrics", "")
	line := fmt.Sprintf("embedd_caller_tokens_total{caller=\"thrifty\"} %d", said.Usage.Total)
	if !strings.Contains(figures, line) {
		t.Errorf("no %s in the figures", line)
	}
}

// The self-check of a language model alone is counted, and the health stays up with it.
func TestALanguageModelChecksItself(t *testing.T) {
	c, _ := talking(t)
	times := serve.DefaultTimes()
	times.SelfCheck = 10 * time.Millisecond
	g := newRig(t, c, serve.Options{Limits: serve.DefaultLimits(), Times: times}, &servetest.Runner{})
	const none = `embedd_self_checks_total{result="ok"} 0`
	for figures := none; strings.Contains(figures, none); {
		_, figures = ask(t, http.MethodGet, g.adminURL()+"/metrics", "")
		if strings.Contains(figures, `embedd_self_checks_total{result="failed"} 1`) {
			t.Fatal("a check failed")
		}
	}
	if code, body := ask(t, http.MethodGet, g.adminURL()+"/readyz", ""); code != http.StatusOK {
		t.Errorf("%d %s", code, body)
	}
}
