package anchors

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hives/data"
	bank "hives/data/anchors"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/review"
)

// builtFile is RunBuild with a review queue; it returns the bank.
func builtFile(t *testing.T, o Options, out, queue string) *bank.Bank {
	t.Helper()
	var log bytes.Buffer
	j := BuildJob{Options: o, Out: out, Review: queue, Stdout: io.Discard, Log: &log}
	if err := RunBuild(context.Background(), newFake(), j); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "wait for review") {
		t.Errorf("the log does not say what waits: %s", log.String())
	}
	return readBank(t, out)
}

func readBank(t *testing.T, path string) *bank.Bank {
	t.Helper()
	b, err := bank.Read(path, theories.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// reviewPage is hives review under way, worked by HTTP as its buttons would.
type reviewPage struct {
	t    *testing.T
	base string
}

// startReview serves what waits in a votes file until the test calls end.
func startReview(t *testing.T, j review.Job) (p reviewPage, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	j.Listen, j.Stdout, j.Stderr = "127.0.0.1:0", in, in
	ended := make(chan error, 1)
	go func() {
		err := review.Run(ctx, j)
		in.CloseWithError(io.EOF)
		ended <- err
	}()
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "http://") {
	}
	p = reviewPage{t, lines.Text()}
	go io.Copy(io.Discard, out)
	return p, func() {
		cancel()
		http.DefaultClient.CloseIdleConnections()
		// Stopped with items waiting is an interruption that is saved, and says so; nothing else is an end.
		err := <-ended
		if err != nil && (fault.ExitCode(err) != fault.ExitInterrupted ||
			!strings.Contains(err.Error(), "items still wait")) {
			t.Error(err)
		}
	}
}

func (p reviewPage) get(query string) string {
	p.t.Helper()
	res, err := http.Get(p.base + query)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.body(res)
}

func (p reviewPage) body(res *http.Response) string {
	p.t.Helper()
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		p.t.Fatalf("status %d, %v: %.200s", res.StatusCode, err, raw)
	}
	return string(raw)
}

var (
	itemField = regexp.MustCompile(`name="id" value="(\d+)"`)
	nextLink  = regexp.MustCompile(`href="([^"]*)"[^>]*data-key="ArrowRight`)
	doneCount = regexp.MustCompile(`<b id="done">(\d+)</b> of (\d+)`)
)

// done is what the page says of its reviewer: "1 of 4".
func done(page string) string {
	if m := doneCount.FindStringSubmatch(page); m != nil {
		return m[1] + " of " + m[2]
	}
	return "nothing"
}

// decide walks to the item that shows a sentence, decides on it and returns the page that follows.
func (p reviewPage) decide(sentence string, form url.Values) string {
	p.t.Helper()
	form.Set("as", "ann")
	at := p.get("item?as=ann")
	for range 20 {
		if strings.Contains(at, ">"+sentence+"<") {
			form.Set("id", itemField.FindStringSubmatch(at)[1])
			break
		}
		next := nextLink.FindStringSubmatch(at)
		if next == nil {
			p.t.Fatalf("no page shows %q; the last: %s", sentence, at)
		}
		at = p.get(html.UnescapeString(next[1]))
	}
	req, err := http.NewRequest("POST", p.base+"decide", strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	u, _ := url.Parse(p.base)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "http://"+u.Host)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.body(res)
}

// Build → review → apply → rebuild: ids, accepted and edited sentences stay, what was rejected stays away, and
// reviewers are asked only about what is new.
func TestReviewComesBackThroughARebuild(t *testing.T) {
	dir := t.TempDir()
	first, reviewed, second := filepath.Join(dir, "a.parquet"), filepath.Join(dir, "r.parquet"),
		filepath.Join(dir, "b.parquet")
	queue := filepath.Join(dir, "review.db")
	o := smallOptions(rowsFile(t, topicRows(20, 12, 8, 7)), 4)
	b := builtFile(t, o, first, queue)
	was := byTopic(b)
	sentence := func(topic string) string { return b.Anchors[was[topic]].Text }

	page, end := startReview(t, review.Job{DB: queue})
	start := page.get("item?as=ann")
	if done(start) != "0 of 4" || strings.Count(start, "topic "+topicOf(b.Anchors[0].Text)+" story") < 5 {
		t.Errorf("the page shows %s, or not the exemplars' texts", done(start))
	}
	page.decide(sentence("0"), url.Values{"choice": {"edit"}, "sentence": {"topic 0 in a reviewer's words"}})
	page.decide(sentence("1"), url.Values{"choice": {"none"}})
	if after := page.decide(sentence("2"), url.Values{"choice": {"accept"}}); done(after) != "3 of 4" {
		t.Errorf("after three decisions %s", done(after))
	}
	end()

	account, err := review.Apply(context.Background(), first, queue, reviewed, theories.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if want := (review.Applied{Anchors: 4, Accepted: 1, Edited: 1, Rejected: 1, Undecided: 1}); account != want {
		t.Fatalf("account %+v, want %+v", account, want)
	}
	if err := RunShow(ShowJob{Bank: reviewed, Stdout: io.Discard}); err != nil {
		t.Errorf("the reviewed bank cannot be shown: %v", err)
	}

	// Topic 0 and 1 have grown, so their medoids may be others; topic 4 is new, the seed is another.
	o.Rows, o.KMeans.K, o.KMeans.Seed, o.Previous = rowsFile(t, topicRows(31, 19, 8, 7, 9)), 5, 9, reviewed
	r := builtFile(t, o, second, queue)
	is := byTopic(r)
	if _, back := is["1"]; back || len(r.Anchors) != 4 {
		t.Errorf("a rejected anchor is back, or one too many is gone: %v", is)
	}
	for topic, want := range map[string]string{"0": "topic 0 in a reviewer's words|review", "2": sentence("2") +
		"|medoid+review", "3": sentence("3") + "|medoid"} {
		old, now := b.Anchors[was[topic]], r.Anchors[is[topic]]
		if now.ID != old.ID || now.Text+"|"+now.Provenance != want {
			t.Errorf("topic %s: id %d, %q by %s; want id %d and %s", topic, now.ID, now.Text, now.Provenance, old.ID, want)
		}
	}
	var report Report
	if err := json.Unmarshal([]byte(r.Meta[metaReport]), &report); err != nil {
		t.Fatal(err)
	}
	if report.Kept != 3 || report.Reviewed != 2 || report.Rejected != 1 || report.Anchors != 4 || report.Medoids != 2 {
		t.Errorf("report %+v", report)
	}

	page, end = startReview(t, review.Job{DB: queue})
	if now := page.get("item?as=ann"); done(now) != "2 of 4" {
		t.Errorf("after the rebuild %s, want the edited and the accepted sentence decided", done(now))
	}
	end()

	// A third bank still knows what the first review rejected, and the same command gives the same bytes.
	o.Previous = second
	third := builtFile(t, o, filepath.Join(dir, "c.parquet"), queue)
	if _, back := byTopic(third)["1"]; back {
		t.Error("the rejected anchor is back after two rebuilds")
	}
	builtFile(t, o, filepath.Join(dir, "d.parquet"), queue)
	if !bytes.Equal(read(t, filepath.Join(dir, "c.parquet")), read(t, filepath.Join(dir, "d.parquet"))) {
		t.Error("the same command wrote other bytes")
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Without the reviewed bank nothing is kept: the test above could not pass by chance.
func TestRebuildWithoutTheReviewedBankForgets(t *testing.T) {
	o := smallOptions(rowsFile(t, topicRows(9, 9, 9)), 3)
	b := build(t, newFake(), o)
	for _, a := range b.Bank.Anchors {
		if a.Reviewed() {
			t.Errorf("anchor %d is called reviewed: %s", a.ID, a.Provenance)
		}
	}
	if b.Report.Reviewed != 0 || b.Report.Rejected != 0 {
		t.Errorf("%+v", b.Report)
	}
}

func TestEveryClusterRejectedIsRefused(t *testing.T) {
	o := smallOptions(rowsFile(t, topicRows(9, 9, 9)), 3)
	b := build(t, newFake(), o).Bank
	for _, a := range b.Anchors[:2] {
		if err := b.Reject(bank.Rejected{ID: a.ID, Exemplars: a.Exemplars}); err != nil {
			t.Fatal(err)
		}
	}
	b.Anchors = b.Anchors[2:]
	o.Previous = filepath.Join(t.TempDir(), "p.parquet")
	if err := bank.Write(o.Previous, b); err != nil {
		t.Fatal(err)
	}
	if left := build(t, newFake(), o); left.Report.Rejected != 2 || len(left.Bank.Anchors) != 1 {
		t.Errorf("%+v", left.Report)
	}
	kept := topicOf(b.Anchors[0].Text)
	o.Rows, o.KMeans.K = rowsFile(t, slices.DeleteFunc(topicRows(9, 9, 9), func(r data.Row) bool {
		return topicOf(r.Text) == kept
	})), 2
	if _, err := Build(context.Background(), newFake(), o); err == nil ||
		!strings.Contains(err.Error(), "all 2 clusters were rejected") {
		t.Errorf("everything rejected: %v", err)
	}
}
