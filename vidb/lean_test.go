package vidb

import (
	"math"
	"strings"
	"testing"
)

// A judge that always takes the first is told from one that reads, by every figure; shares of places are tested too.
func TestJudgesThatLean(t *testing.T) {
	v := &Value{About: About{K: 2}, Texts: make([]Text, 2)}
	for rep := range 40 {
		for _, shown := range [][]int{{0, 1}, {1, 0}} {
			v.Windows = append(v.Windows,
				Window{Judge: "first", Rep: rep, Shown: shown, Overlap: true, Answer: &Answer{Ranking: shown}},
				Window{Judge: "reads", Rep: rep, Shown: shown, Overlap: true, Answer: &Answer{Ranking: []int{0, 1}}})
		}
	}
	v.Judges = []Juror{{Name: "first"}, {Name: "reads"}}
	if why := v.figures(); why != "" {
		t.Fatal(why)
	}
	f := v.Summarise(1)
	first, reads := f.Judges[0], f.Judges[1]
	if *first.FirstBoth < .999 || *first.P > 1e-12 || *first.Consistency != 0 || first.Warning == "" {
		t.Errorf("always the first: %+v", first)
	}
	even := *reads.FirstBoth == 0 && *reads.SecondBoth == 0 && *reads.P > .99 && *reads.Consistency == 1
	if !even || f.Steadiest != "reads" {
		t.Errorf("reads: %+v, steadiest %q", reads, f.Steadiest)
	}
	if math.Abs(*reads.Agreement-.5) > 1e-12 {
		t.Errorf("they agree in %v", *reads.Agreement)
	}
	long := lean{winners: []int{90, 20, 20, 20}}
	var line JudgeLine
	long.tests(&line)
	if !strings.Contains(line.Warning, "[90 20 20 20]") || *line.P > 1e-6 {
		t.Errorf("windows of four: %+v", line)
	}
	line = JudgeLine{}
	lean{winners: []int{38, 37, 36, 39}}.tests(&line)
	if line.Warning != "" || *line.P < .9 {
		t.Errorf("even windows of four: %+v", line)
	}
}
