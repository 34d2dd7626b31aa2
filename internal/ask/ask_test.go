package ask

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
)

// daemon knows three values: care, which it tells with its side, loyalty, of which it tells no side, and purity,
// which it cannot tell. "nonsense" makes no sense to it.
type daemon struct {
	hivesv1.UnimplementedEmbedServiceServer
	hivesv1.UnimplementedValueServiceServer
	empty, ignorant bool
}

func (d *daemon) GetInfo(context.Context, *hivesv1.GetInfoRequest) (*hivesv1.GetInfoResponse, error) {
	return &hivesv1.GetInfoResponse{Model: &hivesv1.ModelVersion{Name: "n"}, Limits: &hivesv1.Limits{MaxTexts: 8}}, nil
}

func (d *daemon) Embed(_ context.Context, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
	out := &hivesv1.EmbedResponse{Model: &hivesv1.ModelVersion{Name: "n"}}
	for range r.Texts {
		out.Embeddings = append(out.Embeddings, &hivesv1.Embedding{Values: []float32{3, 4}})
	}
	return out, nil
}

func (d *daemon) ListValues(context.Context, *hivesv1.ListValuesRequest) (*hivesv1.ListValuesResponse, error) {
	if d.empty {
		return nil, status.Error(codes.FailedPrecondition, "no vectors")
	}
	good, chance := &hivesv1.Auc{Value: .7, Low: .6, High: .8}, &hivesv1.Auc{Value: .6, Low: .5, High: .7}
	all := []*hivesv1.Value{
		{ValueId: "mft/care-harm", Evidence: &hivesv1.Evidence{About: good, Supports: good}},
		{ValueId: "mft/loyalty-betrayal", Evidence: &hivesv1.Evidence{About: good, Supports: chance}},
		{ValueId: "mft/sanctity-degradation", Evidence: &hivesv1.Evidence{About: chance, Supports: good}},
		{ValueId: "duty/fidelity"},
	}
	if d.ignorant {
		all = all[2:]
	}
	return &hivesv1.ListValuesResponse{Values: all}, nil
}

func number(x float32) *float32 { return &x }

func (d *daemon) ScoreTexts(_ context.Context, r *hivesv1.ScoreTextsRequest) (*hivesv1.ScoreTextsResponse, error) {
	out := &hivesv1.ScoreTextsResponse{}
	for _, text := range r.Texts {
		scores := []*hivesv1.ValueScore{
			{ValueId: "mft/sanctity-degradation", Kind: hivesv1.VectorKind_VECTOR_KIND_UNSUPPORTED,
				Answer: hivesv1.Answer_ANSWER_UNSURE},
			{ValueId: "mft/loyalty-betrayal", Kind: hivesv1.VectorKind_VECTOR_KIND_PROTOTYPE, Cosine: .2, Percentile: number(90),
				About: &hivesv1.Probability{Value: .7, Low: .6, High: .8}, Answer: hivesv1.Answer_ANSWER_ABOUT},
			{ValueId: "mft/care-harm", Kind: hivesv1.VectorKind_VECTOR_KIND_DIRECTIONAL, Cosine: -.25, Margin: number(.1),
				Percentile: number(12.5), About: &hivesv1.Probability{Value: .875, Low: .8, High: .9},
				Supports: &hivesv1.Probability{Value: .125, Low: .1, High: .2},
				Answer:   hivesv1.Answer_ANSWER_OPPOSES},
		}
		sense := text != "nonsense"
		for _, s := range scores {
			if !sense {
				s.Answer = hivesv1.Answer_ANSWER_UNSURE
			}
		}
		out.Results = append(out.Results, &hivesv1.TextScores{Scores: scores, Sense: sense})
	}
	return out, nil
}

// serve starts d and returns what reaches it.
func serve(t *testing.T, d *daemon) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	hivesv1.RegisterEmbedServiceServer(s, d)
	hivesv1.RegisterValueServiceServer(s, d)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	return "grpc://" + l.Addr().String()
}

func asked(t *testing.T, d *daemon, o Options) string {
	t.Helper()
	var out strings.Builder
	o.Endpoint = serve(t, d)
	if err := Run(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWordsSayWhatIsToldAndWhatIsNot(t *testing.T) {
	got := asked(t, &daemon{}, Options{Texts: []string{"He hit her.", "nonsense"}})
	for _, want := range []string{
		"and which side it takes: mft/care-harm.\n", "but no side: mft/loyalty-betrayal.\n", "It cannot tell 2 others",
		"He hit her.\n    opposes mft/care-harm: about it 88 % [80, 90], against it 88 % [80, 90]\n    about " +
			"mft/loyalty-betrayal: about it 70 % [60, 80]\nnonsense\n",
		"nonsense\n    unsure of every value: the text is unlike",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the answer lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "sanctity") {
		t.Errorf("it speaks of a value that it is unsure of:\n%s", got)
	}
	if got := asked(t, &daemon{ignorant: true}, Options{Texts: []string{"x"}}); !strings.Contains(got,
		"can tell none of 2 values") {
		t.Errorf("a model that can tell nothing:\n%s", got)
	}
}

func TestJSONIsOneObjectAText(t *testing.T) {
	got := asked(t, &daemon{}, Options{JSON: true, Texts: []string{`He "hit" <her>.`, "nonsense"}})
	lines := bufio.NewScanner(strings.NewReader(got))
	const first = `{"text":"He \"hit\" <her>.","values":[` +
		`{"value_id":"mft/care-harm","answer":"opposes","about":0.875,"supports":0.125,"cosine":-0.25,"percentile":12.5,` +
		`"margin":0.1},` +
		`{"value_id":"mft/loyalty-betrayal","answer":"about","about":0.7,"supports":null,"cosine":0.2,"percentile":90,` +
		`"margin":null},` +
		`{"value_id":"mft/sanctity-degradation","answer":"unsure","about":null,"supports":null,"cosine":null,` +
		`"percentile":null,"margin":null}]}`
	if !lines.Scan() || lines.Text() != first {
		t.Errorf("got  %s\nwant %s", lines.Text(), first)
	}
	var second answered
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &second) != nil || second.Text != "nonsense" ||
		len(second.Values) != 3 {
		t.Fatalf("the second line is %s", lines.Text())
	}
	for _, v := range second.Values {
		if v.Answer != "unsure" {
			t.Errorf("of nonsense it says %+v", v)
		}
	}
	if lines.Scan() {
		t.Errorf("a third line: %s", lines.Text())
	}
	if top := asked(t, &daemon{}, Options{JSON: true, TopK: 1, Texts: []string{"x"}}); strings.Count(top,
		"value_id") != 1 || !strings.Contains(top, "opposes") {
		t.Errorf("the best one alone: %s", top)
	}
}

func TestADaemonWithoutVectorsShowsTheEmbedding(t *testing.T) {
	d := &daemon{empty: true}
	if got := asked(t, d, Options{Texts: []string{"one", "two"}}); strings.Count(got,
		"vector +3.000 +4.000 … (2 numbers)") != 2 {
		t.Errorf("in words:\n%s", got)
	}
	if got := asked(t, d, Options{JSON: true, Texts: []string{"one"}}); got != `{"text":"one","values":[]}`+"\n" {
		t.Errorf("in JSON: %s", got)
	}
}

func TestRunRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		says string
	}{
		"without a text":        {Options{Endpoint: "grpc://127.0.0.1:1"}, "no text"},
		"a count below nothing": {Options{Endpoint: "grpc://127.0.0.1:1", Texts: []string{"x"}, TopK: -1}, "--top -1"},
	} {
		err := Run(t.Context(), c.o, &strings.Builder{})
		if err == nil || !strings.Contains(err.Error(), c.says) || fault.Of(err) == fault.Unknown {
			t.Errorf("%s: %v", name, err)
		}
	}
}
