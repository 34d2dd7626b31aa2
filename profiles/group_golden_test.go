package profiles

import (
	"math"
	"slices"
	"strings"
	"testing"

	"hives/internal/rig/goldentest"
)

const goldenFolder = "g_valueflow"

// rows are numbers of the fixtures, null an undefined one.
type rows [][]*float64

func (r rows) numbers() (out [][]float64) {
	for _, row := range r {
		var numbers []float64
		for _, x := range row {
			numbers = append(numbers, goldentest.Number(x))
		}
		out = append(out, numbers)
	}
	return out
}

type scales struct {
	Raw           rows
	N             [][]int
	RowZScore     rows `json:"row_zscore"`
	ColZScore     rows `json:"col_zscore"`
	RowMinMax     rows `json:"row_minmax"`
	ColMinMax     rows `json:"col_minmax"`
	RowPercentile rows `json:"row_percentile"`
	ColPercentile rows `json:"col_percentile"`
	Hybrid        rows
	HybridMid     rows     `json:"hybrid_mid"`
	Theory        []string `json:"theory_of_value"`
}

type profilesFile struct {
	Groups    []string
	Theory    []string `json:"theory_of_value"`
	Questions []struct {
		Options    int
		Intensity  rows
		Similarity [][]float64
		P          [][]float64
	}
	Expected struct {
		Paper, Joint scales
		Weighted     scales `json:"weighted_mean"`
		Intensity    rows   `json:"expected_intensity_first_question"`
		Similarity   rows   `json:"mean_similarity_first_question"`
		Signed       rows   `json:"paper_raw_with_signed_similarity"`
	}
	Ties   scales
	Labels []struct {
		Score float64
		Label Level
	}
	Pick []struct {
		Group, N int
		Values   []int
	} `json:"prompt_pick"`
}

func (f profilesFile) questions() (out []Question) {
	for _, q := range f.Questions {
		out = append(out, Question{q.Intensity.numbers(), q.Similarity, q.P})
	}
	return out
}

func sameRows(t *testing.T, what string, got [][]float64, want rows) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, want %d", what, len(got), len(want))
	}
	for g, row := range want.numbers() {
		for v, x := range row {
			goldentest.Same(t, what, got[g][v], x, 1e-9)
		}
	}
}

func (s scales) same(t *testing.T, theory []string) {
	t.Helper()
	for by, want := range map[Scale]rows{RowZScore: s.RowZScore, RowMinMax: s.RowMinMax, RowPercentile: s.RowPercentile,
		ColZScore: s.ColZScore, ColMinMax: s.ColMinMax, ColPercentile: s.ColPercentile, Hybrid: s.Hybrid,
		HybridMid: s.HybridMid} {
		got, err := Normalise(s.Raw.numbers(), theory, by)
		if err != nil {
			t.Fatal(err)
		}
		sameRows(t, string(by), got, want)
	}
}

func TestGoldenProfiles(t *testing.T) {
	var f profilesFile
	goldentest.ReadJSON(t, &f, goldenFolder, "profiles.json")
	groups, values := len(f.Groups), len(f.Theory)
	for w, want := range map[Weighting]scales{Outside: f.Expected.Paper, Inside: f.Expected.Joint,
		WeightedMean: f.Expected.Weighted} {
		s := NewTerms(f.questions(), groups, values, w).Strengths()
		sameRows(t, string(w), s.S, want.Raw)
		for g := range want.N {
			if !slices.Equal(s.N[g], want.N[g]) {
				t.Errorf("%s, group %d: questions %v, want %v", w, g, s.N[g], want.N[g])
			}
		}
	}
	signed := newTerms(f.questions(), groups, values, Outside, true).Strengths()
	sameRows(t, "signed", signed.S, f.Expected.Signed)
	first := f.questions()[0]
	for g, shares := range first.Shares {
		for v := range values {
			s := saying{math.NaN(), math.NaN(), math.NaN()}
			if shares != nil {
				s = first.says(shares, v, false)
			}
			goldentest.Same(t, "Î", s.intensity, f.Expected.Intensity.numbers()[g][v], 1e-9)
			goldentest.Same(t, "ω̄", s.weight, f.Expected.Similarity.numbers()[g][v], 1e-9)
		}
	}
	f.Expected.Paper.same(t, f.Theory)
	f.Ties.same(t, f.Ties.Theory)
}

func TestGoldenPromptsOfProfiles(t *testing.T) {
	var f profilesFile
	goldentest.ReadJSON(t, &f, goldenFolder, "profiles.json")
	for _, l := range f.Labels {
		if got := Grade(l.Score); got != l.Label {
			t.Errorf("%v is %q, want %q", l.Score, got, l.Label)
		}
	}
	hybrid := f.Expected.Paper.Hybrid.numbers()
	for _, p := range f.Pick {
		if got := Pick(hybrid[p.Group], p.N); !slices.Equal(got, p.Values) {
			t.Errorf("group %d, %d sentences: %v, want %v", p.Group, p.N, got, p.Values)
		}
	}
}

func TestGoldenOpinionQA(t *testing.T) {
	var f struct {
		Rows []struct {
			Attribute, Question  string
			Gold, Ordinal, Model []float64
			Predicted            *int
		}
		Expected struct {
			ByCategory  map[string]float64 `json:"accuracy_by_category"`
			Macro       float64            `json:"accuracy_macro"`
			Micro       float64            `json:"accuracy_micro"`
			FirstOfTies float64            `json:"accuracy_micro_first_of_ties"`
			Ties        int                `json:"gold_ties"`
			Unparsed    int
			Near        []*float64 `json:"representativeness"`
			NearMean    float64    `json:"representativeness_mean"`
			NearSkipped int        `json:"representativeness_skipped"`
			Others      []*bool    `json:"other_groups_baseline"`
			OthersMean  float64    `json:"other_groups_baseline_mean"`
		}
	}
	goldentest.ReadJSON(t, &f, goldenFolder, "opinionqa.json")
	var all []Row
	var predicted []int
	var near, sum, ties, unparsed, strict float64
	for i, r := range f.Rows {
		category, _, _ := strings.Cut(r.Attribute, "_")
		row := Row{Category: category, Group: r.Attribute, Question: r.Question, Gold: r.Gold}
		option := None
		if r.Predicted != nil {
			option = *r.Predicted
		} else {
			unparsed++
		}
		all, predicted = append(all, row), append(predicted, option)
		if top := slices.Index(r.Gold, slices.Max(r.Gold)); option == top {
			strict++
		}
		most := 0
		for o := range r.Gold {
			if row.Most(o) {
				most++
			}
		}
		if most > 1 {
			ties++
		}
		got := Representativeness(r.Model, r.Gold, r.Ordinal)
		goldentest.Same(t, "representativeness", got, goldentest.Number(f.Expected.Near[i]), 1e-9)
		if !math.IsNaN(got) {
			near, sum = near+1, sum+got
		}
	}
	a := Right(all, predicted).Accuracy(all)
	for category, want := range f.Expected.ByCategory {
		goldentest.Same(t, category, a.ByCategory[category], want, 1e-9)
	}
	goldentest.Same(t, "macro", a.Mean, f.Expected.Macro, 1e-9)
	goldentest.Same(t, "micro", a.Micro, f.Expected.Micro, 1e-9)
	goldentest.Same(t, "first of ties", strict/float64(len(all)), f.Expected.FirstOfTies, 1e-9)
	goldentest.Same(t, "ties", ties, float64(f.Expected.Ties), 0)
	goldentest.Same(t, "unparsed", unparsed, float64(f.Expected.Unparsed), 0)
	goldentest.Same(t, "mean representativeness", sum/near, f.Expected.NearMean, 1e-9)
	goldentest.Same(t, "skipped", float64(len(all))-near, float64(f.Expected.NearSkipped), 0)
	others := OtherGroups(all)
	by := Right(all, others)
	for i, want := range f.Expected.Others {
		if (want == nil) != (others[i] == None) || want != nil && *want != (by[i] == 1) {
			t.Errorf("row %d: other groups predict %d", i, others[i])
		}
	}
	asked := by.Where(func(i int) bool { return others[i] != None }).Accuracy(all)
	goldentest.Same(t, "other groups", asked.Micro, f.Expected.OthersMean, 1e-9)
}

func TestGoldenLetters(t *testing.T) {
	var f struct {
		Letters []struct {
			Answer  string
			Options int
			Index   *int
		}
	}
	goldentest.ReadJSON(t, &f, goldenFolder, "opinionqa.json")
	for _, l := range f.Letters {
		want := None
		if l.Index != nil {
			want = *l.Index
		}
		if got := Letter(l.Answer, l.Options); got != want {
			t.Errorf("%q of %d options: %d, want %d", l.Answer, l.Options, got, want)
		}
	}
}
