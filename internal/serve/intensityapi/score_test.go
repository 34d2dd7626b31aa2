package intensityapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"hives/data/theories"
	"hives/internal/rig/scripted"
	"hives/internal/rig/servetest"
	"hives/internal/rig/vidbtest"
	"hives/internal/serve/intensityapi"
	pb "hives/proto/hives/v1alpha1"
	"hives/vidb"
)

// rig is a server that scores against a world.
type rig struct {
	pb.IntensityServiceClient
	api  *intensityapi.API
	conn *servetest.Fixture
	log  *record
}

// record is a log that a test may read while the server writes it.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) { r.mu.Lock(); defer r.mu.Unlock(); return r.b.Write(p) }

func (r *record) String() string { r.mu.Lock(); defer r.mu.Unlock(); return r.b.String() }

// serveWorld serves a world whose judges answer at url; change may alter the options.
func serveWorld(t testing.TB, w *vidbtest.World, url string, change func(*intensityapi.Options)) *rig {
	t.Helper()
	out := &rig{log: &record{}}
	o := intensityapi.Options{VIDB: w.Path, Known: theories.Builtin(), Judges: w.Config(url),
		Votes: filepath.Join(t.TempDir(), "votes.db"), Calls: 4096, Log: slog.New(slog.NewTextHandler(out.log, nil))}
	if change != nil {
		change(&o)
	}
	out.api = intensityapi.New(o)
	r := &servetest.Runner{}
	so := servetest.Options(t, r)
	so.Limits.Texts = 256
	so.Log = o.Log
	so.Begin, so.Register = append(so.Begin, out.api.Open), append(so.Register, out.api.Register)
	t.Cleanup(out.api.Close)
	out.conn = servetest.Start(t, so, r)
	out.IntensityServiceClient = pb.NewIntensityServiceClient(out.conn.Conn)
	return out
}

// fair is a world of n texts with one fair judge, and its endpoint.
func fair(t testing.TB, seed uint64, n int) (*vidbtest.World, *scripted.Server) {
	t.Helper()
	w := vidbtest.New(t, seed, n)
	w.Judge["m"] = scripted.Character{Beta: 1}
	return w, scripted.New(t, w.Answer)
}

// request asks for responses as vidb has them.
func request(responses []vidb.Response, o *pb.ScoreOptions) *pb.ScoreRequest {
	r := &pb.ScoreRequest{ValueIds: []string{vidbtest.Value}, Options: o}
	for _, one := range responses {
		r.Responses = append(r.Responses, &pb.Response{Id: one.ID, Text: one.Text, Group: one.Group, Pair: one.Pair,
			Refused: one.Refused})
	}
	return r
}

func minute(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// commandLine scores the same as hives score does, and returns its rows.
func commandLine(t *testing.T, w *vidbtest.World, url string, responses []vidb.Response,
	o vidb.ScoreOptions) (rows []vidb.ResponseScore, all []vidb.ScoreSummary) {
	t.Helper()
	folder := t.TempDir()
	j := vidb.ScoreJob{Path: w.Path, In: filepath.Join(folder, "in.jsonl"), Out: filepath.Join(folder, "out.jsonl"),
		Options: o, Config: w.Config(url), Votes: filepath.Join(folder, "votes.db"), Yes: true}
	var in bytes.Buffer
	for _, r := range responses {
		must(t, json.NewEncoder(&in).Encode(map[string]any{"id": r.ID, "response": r.Text, "group": r.Group,
			"pair": r.Pair, "refused": r.Refused}))
	}
	must(t, os.WriteFile(j.In, in.Bytes(), 0o600))
	all, err := vidb.ScoreResponses(context.Background(), j)
	must(t, err)
	raw, err := os.ReadFile(j.Out)
	must(t, err)
	for _, line := range bytes.Split(bytes.TrimSpace(raw), []byte("\n")) {
		var r vidb.ResponseScore
		must(t, json.Unmarshal(line, &r))
		rows = append(rows, r)
	}
	return rows, all
}

// sameBits tells whether two numbers, or two that there are not, are one.
func sameBits(a, b *float64) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return math.Float64bits(*a) == math.Float64bits(*b)
}

// differ says in what a score of the interface differs from a row of hives score; "" if in nothing.
func differ(got *pb.Score, want vidb.ResponseScore) string {
	numbers := map[string][2]*float64{"score": {got.Score, want.Score}, "low": {got.Low, want.Lo},
		"high": {got.High, want.Hi}, "u": {got.U, want.U}, "se": {got.StandardError, want.SE},
		"beta": {&got.Beta, &want.Beta}}
	for name, pair := range numbers {
		if !sameBits(pair[0], pair[1]) {
			return fmt.Sprint(name, " ", pair)
		}
	}
	name := strings.ToLower(strings.TrimPrefix(got.Status.String(), "STATUS_"))
	if got.Id != want.ID || got.ValueId != want.ValueID || got.Judge != want.Judge || name != string(want.Status) ||
		got.Refused != want.Refused || got.Database != want.VIDB || len(got.Windows) != want.WindowsAsked {
		return fmt.Sprint(got, " is not ", want)
	}
	for at, w := range got.Windows {
		rank := -1
		if w.Rank != nil {
			rank = int(*w.Rank)
		}
		if int(w.Place) != want.Places[at] || rank != want.Ranks[at] || !slices.Equal(w.Anchors, want.Anchors[at]) {
			return fmt.Sprint("window ", at, ": ", w)
		}
	}
	return ""
}

// The interface's scores are those of hives score, bit by bit: every panel, utility, scale, estimate and format, with
// judges that spoil answers, responses that are empty, refused, of a pair, and texts of the database themselves.
// Control: of another seed hardly a score is the same.
func TestScoresAreThoseOfTheCommandLine(t *testing.T) {
	w := vidbtest.New(t, 1, 120)
	w.Judge["m0"] = scripted.Character{Beta: 1.2, Places: []float64{.5}, Spoilt: .2}
	w.Judge["m1"] = scripted.Character{Beta: .6}
	responses := w.Responses(2, 24)
	responses[3].Text, responses[4].Text = "", "A deed of number 7 in this world."
	responses[5].Refused, responses[6].Group = true, "g A deed of number 9 in this world."
	responses[7].Pair, responses[8].Pair = "p", "p"
	s := scripted.New(t, w.Answer)
	g := serveWorld(t, w, s.URL, nil)
	for _, c := range []struct {
		name string
		pb   *pb.ScoreOptions
		set  func(*vidb.ScoreOptions)
	}{
		{"defaults", nil, func(*vidb.ScoreOptions) {}},
		{"fixed, score", &pb.ScoreOptions{Panel: pb.Panel_PANEL_FIXED, Utility: pb.Utility_UTILITY_SCORE, K: proto.Uint32(4)},
			func(o *vidb.ScoreOptions) { o.Panel, o.Utility, o.K = vidb.PanelFixed, vidb.UtilityScore, 4 }},
		{"random, posterior", &pb.ScoreOptions{Panel: pb.Panel_PANEL_RANDOM, Estimate: pb.Estimate_ESTIMATE_POSTERIOR,
			M: proto.Uint32(2), Seed: 9}, func(o *vidb.ScoreOptions) {
			o.Panel, o.Estimate, o.M, o.Seed = vidb.PanelRandom, vidb.EstimatePosterior, 2, 9
		}},
		{"one example, no scale", &pb.ScoreOptions{Format: pb.Format_FORMAT_ONE_SHOT, Scale: pb.Scale_SCALE_ONE, MaxSe: .5},
			func(o *vidb.ScoreOptions) { o.Format, o.Scale, o.MaxSE = vidb.FormatOneShot, vidb.ScaleOne, .5 }},
	} {
		o := vidb.DefaultScore()
		c.set(&o)
		got, err := g.Score(minute(t), request(responses, c.pb))
		must(t, err)
		want, summaries := commandLine(t, w, s.URL, responses, o)
		if len(got.Scores) != len(want) || len(want) != 2*len(responses) || len(got.Summaries) != len(summaries) {
			t.Fatalf("%s: %d scores and %d summaries, want %d and %d", c.name, len(got.Scores), len(got.Summaries), len(want),
				len(summaries))
		}
		for at := range want {
			if d := differ(got.Scores[at], want[at]); d != "" {
				t.Errorf("%s, %s: %s", c.name, want[at].ID, d)
			}
		}
		for at, s := range summaries {
			if p := got.Summaries[at]; !sameBits(p.Mean, s.Mean) || !sameBits(p.Low, s.Lo) || p.BetaNote != s.BetaNote ||
				p.Judge != s.Judge || int(p.WindowsUsed) != s.Used || !slices.Equal(p.Warnings, s.Warnings) {
				t.Errorf("%s: summary %v, want %+v", c.name, p, s)
			}
		}
		if k, m := got.Options.GetK(), got.Options.GetM(); int(k) != o.K || int(m) != o.M || got.Options.Panel == 0 {
			t.Errorf("%s: options %v", c.name, got.Options)
		}
	}
	other, err := g.Score(minute(t), request(responses, &pb.ScoreOptions{Seed: 77}))
	must(t, err)
	rows, _ := commandLine(t, w, s.URL, responses, vidb.DefaultScore())
	same := 0
	for at := range rows {
		if rows[at].Score != nil && differ(other.Scores[at], rows[at]) == "" {
			same++
		}
	}
	if same > 0 {
		t.Errorf("control: %d scores of another seed are the same", same)
	}
}

// Scores are where the truth is, within what their intervals say. Control: texts dealt out anew.
func TestScoresAreTheTruths(t *testing.T) {
	const n = 200
	w, s := fair(t, 3, 200)
	responses := w.Responses(4, n)
	got, err := serveWorld(t, w, s.URL, nil).Score(minute(t), request(responses, nil))
	must(t, err)
	var bias, held, off, shuffled float64
	for at, r := range got.Scores {
		truth, other := w.Truth(t, responses[at].Text), w.Truth(t, responses[(at+77)%n].Text)
		bias += (*r.Score - truth) / n
		off += (*r.Score - truth) * (*r.Score - truth) / n
		shuffled += (*r.Score - other) * (*r.Score - other) / n
		if *r.Low <= truth && truth <= *r.High || math.Abs(truth) > 10 {
			held += 1. / n
		}
	}
	t.Logf("mean error %.2f, RMSE %.2f, coverage %.3f; of other texts RMSE %.2f", bias, math.Sqrt(off), held,
		math.Sqrt(shuffled))
	if math.Abs(bias) > .6 || math.Sqrt(off) > 2.3 || held < .9 {
		t.Errorf("mean error %.2f, RMSE %.2f, coverage %.3f", bias, math.Sqrt(off), held)
	}
	if math.Sqrt(shuffled) < 3 {
		t.Errorf("control: texts dealt out anew are %.2f units off", math.Sqrt(shuffled))
	}
}

// A status is never turned into a number.
func TestStatusesAreNoNumbers(t *testing.T) {
	w, _ := fair(t, 5, 80)
	w.Judge["m"] = scripted.Character{Beta: 1, Firm: true}
	w.Theta["best"], w.Theta["worst"], w.Theta["unreadable"] = 99, -99, 0
	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
		if strings.Contains(c.User, `"unreadable"`) {
			return scripted.Reply{Content: "I cannot say."}
		}
		return w.Answer(c)
	})
	got, err := serveWorld(t, w, s.URL, nil).Score(minute(t), request([]vidb.Response{{ID: "a", Text: "best"},
		{ID: "b", Text: "worst"}, {ID: "c", Text: "unreadable"}, {ID: "d", Text: " \n"}}, nil))
	must(t, err)
	for at, want := range []pb.Status{pb.Status_STATUS_ABOVE, pb.Status_STATUS_BELOW, pb.Status_STATUS_UNRANKED,
		pb.Status_STATUS_EMPTY} {
		r := got.Scores[at]
		if r.Status != want || (r.Score != nil) != (at < 2) || r.U != nil || r.StandardError != nil {
			t.Errorf("%v, want %v", r, want)
		}
	}
	if r := got.Scores; *r[0].Score < 5 || *r[1].Score > -5 || len(r[3].Windows) != 0 || r[2].Windows[0].Rank != nil {
		t.Errorf("%v", r)
	}
	if m := got.Summaries[0]; m.Scored != 2 || m.Responses != 4 || m.WindowsUsed != 6 || m.WindowsAsked != 9 {
		t.Errorf("%v", m)
	}
}

// What is asked twice is paid for once: by the same call later, and by eight calls at the same time.
func TestNothingIsAskedTwice(t *testing.T) {
	w, s := fair(t, 6, 80)
	g := serveWorld(t, w, s.URL, nil)
	r := request(w.Responses(7, 10), nil)
	var all sync.WaitGroup
	answers := make([]*pb.ScoreResponse, 8)
	for at := range answers {
		all.Go(func() {
			var err error
			if answers[at], err = g.Score(minute(t), r); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	asked := uint32(0)
	for _, a := range answers {
		asked += a.GetAsked()
		if a.GetAsked()+a.GetKept() != 30 || !slices.EqualFunc(a.GetScores(), answers[0].GetScores(),
			func(x, y *pb.Score) bool { return proto.Equal(x, y) }) {
			t.Errorf("%d asked, %d kept, or other scores than its neighbour's", a.GetAsked(), a.GetKept())
		}
	}
	again, err := g.Score(minute(t), r)
	must(t, err)
	if asked != 30 || len(s.Calls()) != 30 || again.Asked != 0 || again.Kept != 30 {
		t.Errorf("%d asked of 30, the judge had %d questions; again %d", asked, len(s.Calls()), again.Asked)
	}
	if f, ok := g.api.Figures(); !ok || f.Asked != 30 || f.Kept != 8*30 || f.Scores["ok"]+f.Scores["above"]+
		f.Scores["below"] != 90 || f.Tokens == 0 || f.Calls != 0 {
		t.Errorf("figures %+v", f)
	}
}

// reason is the name of an error, and whether its client is told to try again.
func reason(err error) (name string, again bool) {
	for _, d := range status.Convert(err).Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			name = d.Reason
		case *errdetails.RetryInfo:
			again = true
		}
	}
	return name, again
}

// A call that is broken off gives its room back and loses no answer.
func TestACallThatEndsEarlyLosesNothing(t *testing.T) {
	w := vidbtest.New(t, 8, 80)
	w.Judge["m"] = scripted.Character{Beta: 1}
	stall := true
	var mu sync.Mutex
	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
		mu.Lock()
		defer mu.Unlock()
		if stall && c.N > 10 {
			return scripted.Reply{Stall: true}
		}
		return w.Answer(c)
	})
	g := serveWorld(t, w, s.URL, nil)
	r := request(w.Responses(9, 10), nil)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, err := g.Score(ctx, r)
	if status.Code(err) != codes.DeadlineExceeded {
		t.Fatalf("%v, want a deadline", err)
	}
	mu.Lock()
	stall = false
	mu.Unlock()
	for f, _ := g.api.Figures(); f.Calls > 0; f, _ = g.api.Figures() { // the handler ends a little after its client
		time.Sleep(time.Millisecond)
	}
	again, err := g.Score(minute(t), r)
	must(t, err)
	if again.Kept != 10 || again.Asked != 20 {
		t.Errorf("%d kept and %d asked, want 10 and 20", again.Kept, again.Asked)
	}
}

// What judges cannot do is said by name, and not in their words: those name the server's endpoints.
func TestJudgesInTrouble(t *testing.T) {
	w := vidbtest.New(t, 10, 80)
	r := request(w.Responses(11, 10), nil)
	for _, c := range []struct {
		name   string
		judge  scripted.Character
		tokens int64
		code   codes.Code
		reason string
	}{
		{"away", scripted.Character{Refuse: 1}, 1e7, codes.Unavailable, "JUDGE_UNAVAILABLE"},
		{"paid for no more", scripted.Character{Beta: 1}, 3000, codes.ResourceExhausted, "JUDGE_BUDGET"},
	} {
		w.Judge["m"] = c.judge
		s := scripted.New(t, w.Answer)
		g := serveWorld(t, w, s.URL, func(o *intensityapi.Options) { o.Judges.Budget.Tokens = c.tokens })
		_, err := g.Score(minute(t), r)
		if name, again := reason(err); status.Code(err) != c.code || name != c.reason || again {
			t.Errorf("%s: %v, %s, again %v", c.name, err, name, again)
		}
		if strings.Contains(err.Error(), "endpoint") || strings.Contains(err.Error(), "budget.tokens") {
			t.Errorf("%s: %v tells of the server's settings", c.name, err)
		}
		if !strings.Contains(g.log.String(), "level=ERROR") {
			t.Errorf("%s: the log does not say why", c.name)
		}
	}
}
