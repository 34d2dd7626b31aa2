package review

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hives/data/theories"
	"hives/internal/judge"
)

// hostile tries to leave its place in every way a text can.
const hostile = `He said "keep the old rules" </p><script>window.pwned=1</script><img src=x onerror="pwned=2"> ` +
	`{{.Token}} ' onfocus=pwned=3 javascript:pwned=4 <!-- `

// bench is a server under test with its votes file.
type bench struct {
	*httptest.Server
	store *judge.Store
	base  string // address of the page
	ids   []int64
}

// newBench serves a votes file with n texts that wait for the second level of svt/conservation.
func newBench(t *testing.T, n int) *bench {
	t.Helper()
	ctx := context.Background()
	store, err := judge.Open(filepath.Join(t.TempDir(), "votes.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	prompt := judge.Prompt{Name: "plain.v1", Text: "Which?"}
	must(t, store.PutRun(ctx, "run1", judge.KindLabel, "{}"))
	must(t, store.PutPrompt(ctx, prompt))
	b := &bench{store: store}
	for i := range n {
		item := fmt.Sprintf("text%d", i)
		text := fmt.Sprintf("Text number %d.", i)
		if i == 0 {
			text = hostile
		}
		must(t, store.PutItems(ctx, []judge.Item{{ID: item, Text: text}}))
		for v, choice := range []string{"conformity", "conformity", "tradition", ""} {
			parsed, problem := `{"choice":"`+choice+`"}`, ""
			if choice == "" {
				parsed, problem = "", "the answer has no choice"
			}
			must(t, store.PutVote(ctx, judge.Vote{Run: "run1", Prompt: prompt.Hash(), Item: item, Voter: fmt.Sprintf("voter%d",
				v), Attempt: 1, Question: "svt/conservation", Raw: "<b>" + hostile + choice, Parsed: parsed, Error: problem,
				At: time.Now()}))
		}
		id, err := store.Enqueue(ctx, judge.QueueItem{Kind: judge.KindLabel, Run: "run1", ItemID: item, Theory: "svt",
			PathSoFar: []string{"conservation"}, Level: 2, Reason: "no majority"})
		must(t, err)
		b.ids = append(b.ids, id)
	}
	b.serve(t, func(q judge.QueueItem) bool { return q.Kind == judge.KindLabel })
	return b
}

// serve starts the server on a free port of this machine.
func (b *bench) serve(t *testing.T, keep func(judge.QueueItem) bool) {
	t.Helper()
	b.Server = httptest.NewUnstartedServer(nil)
	var srv *http.Server
	srv, b.base = newServer(&board{store: b.store, keep: keep}, b.Listener.Addr().String(), "", testLog{t})
	b.Config = srv
	b.Start()
	t.Cleanup(b.Close)
}

// testLog fails the test when the server logs, as it does on its own faults only.
type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Errorf("logged: %s", p)
	return len(p), nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// do sends a request and returns status, body and the address it ended at.
func do(t *testing.T, r *http.Request) (status int, body, at string) {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	must(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	must(t, err)
	return res.StatusCode, string(raw), res.Request.URL.RequestURI()
}

func (b *bench) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest("GET", b.base+path, nil)
	must(t, err)
	status, body, _ = do(t, r)
	return status, body
}

// post sends a form as the page would.
func (b *bench) post(t *testing.T, path string, form ...string) (status int, body, at string) {
	t.Helper()
	v := url.Values{}
	for i := 0; i < len(form); i += 2 {
		v.Set(form[i], form[i+1])
	}
	r, err := http.NewRequest("POST", b.base+path, strings.NewReader(v.Encode()))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.URL)
	return do(t, r)
}

func (b *bench) id(i int) string { return idOf(b.ids[i]) }

// idOf writes an item's id as forms do.
func idOf(id int64) string { return fmt.Sprint(id) }

func wants(t *testing.T, body string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(body, p) {
			t.Errorf("the page lacks %q", p)
		}
	}
}

func lacks(t *testing.T, body string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if strings.Contains(body, p) {
			t.Errorf("the page has %q", p)
		}
	}
}

func TestItemShowsTextVotesAndDefinitions(t *testing.T) {
	b := newBench(t, 2)
	status, body := b.get(t, "item?as=ann")
	if status != 200 {
		t.Fatalf("status %d: %s", status, body)
	}
	path, err := theories.Builtin().Match("svt", theories.Path{"conservation", "conformity"})
	must(t, err)
	d, err := theories.Builtin().Define(theories.ValueID("svt", path))
	must(t, err)
	wants(t, body, "He said", d.Text, "2 of 4", "voter0, voter1", "no usable answer", `data-key="1"`, "<kbd>1</kbd>",
		"2 votes", "no majority")
	lacks(t, body, "<script>window", "<img", "<b>He said", `" onfocus`)
	if n := strings.Count(body, "<script"); n != 1 {
		t.Errorf("%d scripts, want the page's own", n)
	}
}

func TestDecideGoesOnAndUndoComesBack(t *testing.T) {
	b := newBench(t, 3)
	_, body, at := b.post(t, "decide", "as", "ann", "id", b.id(0), "choice", "opposes", "at",
		"svt/conservation/conformity", "note", "plainly")
	if !strings.Contains(at, "id="+b.id(1)) {
		t.Errorf("went on to %s, want the next item", at)
	}
	wants(t, body, `<b id="done">1</b> of 3`, "opposes conservation › conformity")
	held, err := b.store.Decisions(context.Background())
	must(t, err)
	if len(held) != 1 || held[0].Direction != -1 || strings.Join(held[0].Path, "/") != "conservation/conformity" ||
		held[0].Note != "plainly" || held[0].Reviewer != "ann" {
		t.Fatalf("stored %+v", held)
	}
	_, body, at = b.post(t, "undo", "as", "ann")
	if !strings.Contains(at, "id="+b.id(0)) {
		t.Errorf("undo showed %s, want the item it took back", at)
	}
	wants(t, body, `<b id="done">0</b> of 3`)
	if held, err = b.store.Decisions(context.Background()); err != nil || len(held) != 0 {
		t.Errorf("after undo %v, %v", held, err)
	}
	if status, _, _ := b.post(t, "undo", "as", "ann"); status != 200 {
		t.Errorf("undo of nothing: status %d", status)
	}
}

func TestReviewersDisagree(t *testing.T) {
	b := newBench(t, 2)
	b.post(t, "decide", "as", "ann", "id", b.id(0), "choice", "supports", "at", "svt/conservation/conformity", "note",
		"ann's reason")
	_, before := b.get(t, "item?as=bob&id="+b.id(0))
	wants(t, before, "Another reviewer has decided")
	lacks(t, before, "ann&#39;s reason") // what others decided would pull bob's decision
	b.post(t, "decide", "as", "bob", "id", b.id(0), "choice", "supports", "at", "svt/conservation/tradition")
	_, after := b.get(t, "item?as=bob&id="+b.id(0))
	wants(t, after, "reviewers disagree", "ann&#39;s reason", "supports conservation › tradition", "disagreements 1")
	_, list := b.get(t, "item?as=ann&show=split")
	wants(t, list, "reviewers disagree")
	// Bob gives in, and the disagreement is gone.
	b.post(t, "decide", "as", "bob", "id", b.id(0), "choice", "supports", "at", "svt/conservation/conformity")
	_, after = b.get(t, "item?as=ann&id="+b.id(0))
	wants(t, after, `class="agreed"`, "disagreements 0")
	b.post(t, "undo", "as", "bob")
	_, after = b.get(t, "item?as=ann&id="+b.id(0))
	wants(t, after, "reviewers disagree")
	_, home := b.get(t, "")
	wants(t, home, "Who reviews?", "ann", "bob")
}

func TestOtherParentIsTheSameValue(t *testing.T) {
	b := newBench(t, 1)
	b.post(t, "decide", "as", "ann", "id", b.id(0), "choice", "supports", "at", "svt/self-transcendence/humility")
	b.post(t, "decide", "as", "bob", "id", b.id(0), "choice", "supports", "at", "svt/conservation/humility")
	_, body := b.get(t, "item?as=ann&show=all")
	wants(t, body, `class="agreed"`)
}

func TestWalkThroughTheTree(t *testing.T) {
	b := newBench(t, 1)
	_, root := b.get(t, "item?as=ann&id="+b.id(0)+"&at=/")
	wants(t, root, "openness to change", "self-enhancement")
	lacks(t, root, `value="supports"`) // the root is no value
	_, leaf := b.get(t, "item?as=ann&at=svt/conservation/tradition")
	wants(t, leaf, `value="supports"`, `data-key="Backspace"`)
	lacks(t, leaf, `class="options"`)
	for _, at := range []string{"mft/care-harm", "svt/nonsense"} {
		if status, _ := b.get(t, "item?as=ann&at="+at); status != http.StatusBadRequest {
			t.Errorf("at=%s: status %d", at, status)
		}
	}
}

func TestRefusedForms(t *testing.T) {
	b := newBench(t, 1)
	id := b.id(0)
	cases := []struct {
		name   string
		form   []string
		status int
	}{
		{"no reviewer", []string{"id", id, "choice", "none"}, 400},
		{"unprintable reviewer", []string{"as", "a\x00b", "id", id, "choice", "none"}, 400},
		{"no item", []string{"as", "ann", "choice", "none"}, 400},
		{"unknown item", []string{"as", "ann", "id", "999", "choice", "none"}, 404},
		{"no decision", []string{"as", "ann", "id", id}, 400},
		{"an anchor's decision", []string{"as", "ann", "id", id, "choice", "accept"}, 400},
		{"no value", []string{"as", "ann", "id", id, "choice", "supports"}, 400},
		{"unknown value", []string{"as", "ann", "id", id, "choice", "supports", "at", "svt/none-such"}, 400},
		{"another theory's value", []string{"as", "ann", "id", id, "choice", "supports", "at", "mft/care-harm"}, 400},
		{"long note", []string{"as", "ann", "id", id, "choice", "none", "note", strings.Repeat("ä", maxNote+1)}, 400},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if status, body, _ := b.post(t, "decide", c.form...); status != c.status {
				t.Errorf("status %d, want %d: %s", status, c.status, body)
			}
		})
	}
	if h, err := b.store.History(context.Background()); err != nil || len(h) != 0 {
		t.Errorf("%d decisions recorded, %v", len(h), err)
	}
}

func TestNothingLeft(t *testing.T) {
	b := newBench(t, 1)
	_, body, _ := b.post(t, "decide", "as", "ann", "id", b.id(0), "choice", "skip")
	wants(t, body, "Nothing is left here", "disagree on 0", `data-key="u"`)
}

func TestHostileReviewerName(t *testing.T) {
	b := newBench(t, 1)
	_, body := b.get(t, "item?as="+url.QueryEscape(`"><script>pwned=5</script>`))
	lacks(t, body, "<script>pwned")
	wants(t, body, "&lt;script&gt;")
}
