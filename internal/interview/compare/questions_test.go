package compare

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/encoder"
	"hives/internal/interview"
)

// plane puts texts into two directions of eight, by their length and their first letter, and nothing into the others.
type plane struct{ seen map[string]int }

func (p plane) Encode(_ context.Context, in []encoder.Input) ([][]float32, encoder.Identity, error) {
	var out [][]float32
	for _, i := range in {
		p.seen[i.Text]++
		row := make([]float32, 8)
		row[3], row[6] = 3*float32(len(i.Text)%17), float32(i.Text[0]%5)
		out = append(out, row)
	}
	return out, encoder.Identity{Name: "plane"}, nil
}

// TestQuestionsOnAPlaneStayThere: of texts that lie in a plane two components explain everything, and keep all
// distances. Each question of the data is embedded once, however many answers it has.
func TestQuestionsOnAPlaneStayThere(t *testing.T) {
	v, err := interview.ReadInventory("")
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for i := range 12 {
		fmt.Fprintf(&lines, `{"messages": [{"role": "user", "content": "%s?"}, {"role": "assistant", "content": "a %d"}], `+
			`"value_id": "svt:power", "level": %d}`+"\n", strings.Repeat("why ", i/2+1), i, i%2)
	}
	path := filepath.Join(t.TempDir(), "sft.jsonl")
	if err := os.WriteFile(path, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	e := plane{map[string]int{}}
	p, err := drawQuestions(context.Background(), e, v, path)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Points) != len(v.Items)+6 || len(e.seen) != len(p.Points) {
		t.Errorf("%d points of %d texts, want %d questions and 6 of the data", len(p.Points), len(e.seen), len(v.Items))
	}
	if sum := p.Share[0] + p.Share[1]; math.Abs(sum-1) > 1e-9 || p.Share[0] < p.Share[1] {
		t.Errorf("the components explain %v", p.Share)
	}
	inputs := make([]encoder.Input, len(p.Points))
	for i := range inputs {
		inputs[i].Text = p.Points[i].Text
	}
	rows, _, _ := e.Encode(context.Background(), inputs)
	for i := range rows {
		for k := range i {
			want := 0.
			for d := range rows[i] {
				want += math.Pow(float64(rows[i][d]-rows[k][d]), 2)
			}
			got := math.Hypot(p.Points[i].X-p.Points[k].X, p.Points[i].Y-p.Points[k].Y)
			if math.Abs(got-math.Sqrt(want)) > 1e-5 {
				t.Fatalf("%q and %q: %v apart, want %v", p.Points[i].Text, p.Points[k].Text, got, math.Sqrt(want))
			}
		}
	}
	if picture := p.picture(); len(picture.figures.Rows) != len(p.Points) || strings.Count(picture.svg, "<g ") < 2 {
		t.Errorf("the picture has the figures of %d questions", len(picture.figures.Rows))
	}
}
