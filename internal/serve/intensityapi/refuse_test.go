package intensityapi_test

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/rig/scripted"
	"hives/internal/rig/vidbtest"
	"hives/internal/serve/intensityapi"
	pb "hives/proto/hives/v1alpha1"
	"hives/vidb"
)

const canary = "tweety-4711"

// What cannot be scored is refused before a judge is asked, by the place of what is wrong and nothing of its words.
func TestRefusals(t *testing.T) {
	w, s := fair(t, 12, 80)
	g := serveWorld(t, w, s.URL, func(o *intensityapi.Options) { o.Calls = 900 })
	one := func() *pb.ScoreRequest { return request([]vidb.Response{{ID: "a", Text: canary}}, &pb.ScoreOptions{}) }
	with := func(change func(*pb.ScoreRequest)) *pb.ScoreRequest { r := one(); change(r); return r }
	many := func(n int) *pb.ScoreRequest {
		return with(func(r *pb.ScoreRequest) {
			r.Responses = nil
			for i := range n {
				r.Responses = append(r.Responses, &pb.Response{Id: fmt.Sprint(canary, i), Text: canary})
			}
		})
	}
	for _, c := range []struct {
		name   string
		r      *pb.ScoreRequest
		code   codes.Code
		reason string
		says   string
	}{
		{"no response", with(func(r *pb.ScoreRequest) { r.Responses = nil }), codes.InvalidArgument, "NO_TEXTS", ""},
		{"no value", with(func(r *pb.ScoreRequest) { r.ValueIds = nil }), codes.InvalidArgument, "NO_VALUES", vidbtest.Value},
		{"an unknown value", with(func(r *pb.ScoreRequest) { r.ValueIds = []string{canary} }), codes.NotFound,
			"UNKNOWN_VALUE", vidbtest.Value},
		{"a value of the theory, not of the file",
			with(func(r *pb.ScoreRequest) { r.ValueIds[0] = "mft/sanctity-degradation" }),
			codes.NotFound, "UNKNOWN_VALUE", vidbtest.Value},
		{"a value twice", with(func(r *pb.ScoreRequest) { r.ValueIds = []string{vidbtest.Value, "mft/Care/Harm"} }),
			codes.InvalidArgument, "VALUE_TWICE", ""},
		{"no id", with(func(r *pb.ScoreRequest) { r.Responses[0].Id = "" }), codes.InvalidArgument, "RESPONSE", "response 0"},
		{"an id twice", with(func(r *pb.ScoreRequest) { r.Responses = append(r.Responses, r.Responses[0]) }),
			codes.InvalidArgument, "RESPONSE", "response 1"},
		{"an endless id", with(func(r *pb.ScoreRequest) { r.Responses[0].Id = strings.Repeat(canary, 99) }),
			codes.InvalidArgument, "RESPONSE", "response 0"},
		{"a NUL", with(func(r *pb.ScoreRequest) { r.Responses[0].Text = canary + "\x00" }), codes.InvalidArgument, "RESPONSE",
			"NUL"},
		{"a long text", with(func(r *pb.ScoreRequest) { r.Responses[0].Text = strings.Repeat(canary, 9999) }),
			codes.InvalidArgument, "TEXT_TOO_LONG", "response 0"},
		{"many responses", many(257), codes.InvalidArgument, "TOO_MANY_TEXTS", "256"},
		{"many windows", with(func(r *pb.ScoreRequest) { r.Options.M = proto.Uint32(901) }), codes.InvalidArgument,
			"TOO_MANY_QUESTIONS", "900"},
		{"windows without end", with(func(r *pb.ScoreRequest) { r.Options.M = proto.Uint32(math.MaxUint32) }),
			codes.InvalidArgument, "OPTION", ""},
		{"no window", with(func(r *pb.ScoreRequest) { r.Options.M = proto.Uint32(0) }), codes.InvalidArgument, "OPTION",
			"m 0"},
		{"one text", with(func(r *pb.ScoreRequest) { r.Options.K = proto.Uint32(1) }), codes.InvalidArgument, "OPTION",
			"k 1"},
		{"too many texts", with(func(r *pb.ScoreRequest) { r.Options.K = proto.Uint32(27) }), codes.InvalidArgument,
			"OPTION", "26"},
		{"anchors of no doubt at all", with(func(r *pb.ScoreRequest) { r.Options.MaxSe = .01 }), codes.InvalidArgument,
			"CANNOT_SCORE", "max_se"},
		{"anchors of no number", with(func(r *pb.ScoreRequest) { r.Options.MaxSe = math.NaN() }), codes.InvalidArgument,
			"OPTION", ""},
		{"a panel of next year", with(func(r *pb.ScoreRequest) { r.Options.Panel = 77 }), codes.InvalidArgument, "OPTION",
			"panel 77"},
	} {
		_, err := g.Score(minute(t), c.r)
		name, _ := reason(err)
		if status.Code(err) != c.code || name != c.reason || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v (%s), want %v %s that says %q", c.name, err, name, c.code, c.reason, c.says)
		}
		if strings.Contains(fmt.Sprint(err, status.Convert(err).Details()), canary) {
			t.Errorf("%s: %v quotes the request", c.name, err)
		}
	}
	if n := len(s.Calls()); n != 0 {
		t.Errorf("judges were asked %d times", n)
	}
	if _, err := g.Score(minute(t), one()); err != nil { // of all this a plain request after it is answered
		t.Error(err)
	}
	if strings.Contains(g.log.String(), canary) {
		t.Error("the log quotes a text")
	}
}

// While one caller's questions fill the room another call is refused and told to come again; afterwards it is let in.
func TestRoomIsBounded(t *testing.T) {
	w := vidbtest.New(t, 13, 80)
	w.Judge["m"] = scripted.Character{Beta: 1}
	open := make(chan struct{})
	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
		r := w.Answer(c)
		r.BeforeSend = func() { <-open }
		return r
	})
	g := serveWorld(t, w, s.URL, func(o *intensityapi.Options) { o.Calls = 40 })
	responses := w.Responses(14, 20)
	var first sync.WaitGroup
	first.Go(func() {
		if _, err := g.Score(minute(t), request(responses[:10], nil)); err != nil {
			t.Error(err)
		}
	})
	for f, _ := g.api.Figures(); f.Calls < 30; f, _ = g.api.Figures() {
		time.Sleep(time.Millisecond)
	}
	_, err := g.Score(minute(t), request(responses[10:], nil))
	if name, again := reason(err); status.Code(err) != codes.ResourceExhausted || name != "TOO_MANY_JUDGEMENTS" || !again {
		t.Errorf("%v, %s, again %v", err, name, again)
	}
	close(open)
	first.Wait()
	if _, err := g.Score(minute(t), request(responses[10:], nil)); err != nil {
		t.Error(err)
	}
}

// A database that is replaced is not the one of calls that have begun.
func TestACallSeesOneDatabase(t *testing.T) {
	w := vidbtest.New(t, 15, 80)
	w.Judge["m"] = scripted.Character{Beta: 1}
	begun, open := make(chan struct{}, 99), make(chan struct{})
	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
		begun <- struct{}{}
		r := w.Answer(c)
		r.BeforeSend = func() { <-open }
		return r
	})
	g := serveWorld(t, w, s.URL, nil)
	r := request(w.Responses(16, 1), nil)
	var hash string
	var first sync.WaitGroup
	first.Go(func() {
		got, err := g.Score(minute(t), r)
		if err != nil {
			t.Error(err)
			return
		}
		hash = got.Scores[0].Database
	})
	<-begun
	w.Shift(t, .5)
	base, err := g.api.Read()
	must(t, err)
	g.api.Take(base)
	close(open)
	first.Wait()
	got, err := g.Score(minute(t), r)
	must(t, err)
	if after := got.Scores[0].Database; hash == "" || hash == after {
		t.Errorf("hash %q of the call under way, %q after the database was replaced", hash, after)
	}
}

// What could never score ends the start, with what to do.
func TestStartsThatAreRefused(t *testing.T) {
	w, s := fair(t, 17, 80)
	base := intensityapi.Options{VIDB: w.Path, Known: theories.Builtin(), Judges: w.Config(s.URL),
		Votes: filepath.Join(t.TempDir(), "votes.db"), Calls: 9}
	for _, c := range []struct {
		name   string
		change func(*intensityapi.Options)
		kind   fault.Kind
		says   string
	}{
		{"no file", func(o *intensityapi.Options) { o.VIDB += "x" }, fault.NotFound, "vidb.dbx"},
		{"no budget", func(o *intensityapi.Options) { o.Judges.Budget.Tokens = 0 }, fault.Invalid, "[budget]"},
		{"no judge", func(o *intensityapi.Options) { o.Judges.Voters = nil }, fault.Invalid, "[[voters]]"},
		{"votes that are a database", func(o *intensityapi.Options) { o.Votes = o.VIDB }, fault.Mismatch, "another program"},
	} {
		o := base
		c.change(&o)
		a := intensityapi.New(o)
		err := a.Open(minute(t))
		if fault.Of(err) != c.kind || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %v, want %v that says %q", c.name, err, c.kind, c.says)
		}
		a.Close()
	}
}

// raw sends bytes as they are.
type raw struct{ encoding.CodecV2 }

// Marshal implements encoding.CodecV2.
func (c raw) Marshal(v any) (mem.BufferSlice, error) {
	if b, ok := v.([]byte); ok {
		return mem.BufferSlice{mem.SliceBuffer(b)}, nil
	}
	return c.CodecV2.Marshal(v)
}

// FuzzScore sends bytes: an answer is whole, and a plain request afterwards is answered.
func FuzzScore(f *testing.F) {
	w, s := fair(f, 18, 80)
	g := serveWorld(f, w, s.URL, func(o *intensityapi.Options) { o.Calls, o.Judges.Budget.Tokens = 60, 1<<40 })
	plain := request(w.Responses(19, 1), nil)
	for _, m := range []proto.Message{plain, &pb.ScoreRequest{}, request(w.Responses(20, 3), &pb.ScoreOptions{
		K: proto.Uint32(2), M: proto.Uint32(1), Panel: 3, Utility: 2, Scale: 2, Estimate: 2, Format: 2, MaxSe: 1,
		Seed: 1 << 63}),
		request([]vidb.Response{{ID: "a"}, {ID: "b", Text: "b", Pair: "a", Group: "g", Refused: true}}, nil),
		request([]vidb.Response{{ID: "a", Text: "a"}}, &pb.ScoreOptions{K: proto.Uint32(26), MaxSe: math.Inf(1)}),
	} {
		b, err := proto.Marshal(m)
		must(f, err)
		f.Add(b)
	}
	f.Add([]byte("\x0a\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		reply := &pb.ScoreResponse{}
		err := g.conn.Conn.Invoke(minute(t), pb.IntensityService_Score_FullMethodName, b, reply,
			grpc.ForceCodecV2(raw{encoding.GetCodecV2("proto")}))
		switch status.Code(err) {
		case codes.OK:
			for _, r := range reply.Scores {
				whole(t, r)
			}
		case codes.InvalidArgument, codes.NotFound:
		default:
			t.Errorf("a strange message ended in %v", err)
		}
		if _, err := g.Score(minute(t), plain); err != nil {
			t.Fatal(err)
		}
	})
}

// whole checks that a score has the numbers of its status and no others.
func whole(t *testing.T, r *pb.Score) {
	t.Helper()
	scored := r.Status != pb.Status_STATUS_UNRANKED && r.Status != pb.Status_STATUS_EMPTY
	if r.Status == 0 || r.Id == "" || (r.Score != nil) != scored || (r.Low != nil) != scored || (r.High != nil) != scored {
		t.Errorf("half a score: %v", r)
	}
	if scored && !(math.Abs(*r.Score) <= 10 && *r.Low <= *r.High) {
		t.Errorf("no score: %v", r)
	}
}
