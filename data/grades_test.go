package data

import (
	"testing"

	"hives/data/theories"
)

// What two people said of one text is kept when their rows become one, and the rows that came in stay as they were.
func TestMergedRowsGatherGrades(t *testing.T) {
	rows := []Row{
		{Text: "Be kind", Theory: "mft", Level1: "care/harm", Direction: 1, DirectionSource: SourceJudgement,
			TextID: "1", Extra: map[string]string{Grades: "1"}},
		{Text: "Be kind!", Theory: "mft", Level1: "care/harm", Direction: 1, DirectionSource: SourceJudgement,
			TextID: "1", Extra: map[string]string{Grades: "2"}},
		{Text: "Be kind", Theory: "mft", Level1: "care/harm", Direction: 1, DirectionSource: SourceAnnotated, TextID: "1"},
		{Text: "Be kind", Theory: "mft", Level1: "loyalty/betrayal", Direction: 1, DirectionSource: SourceJudgement,
			TextID: "1", Extra: map[string]string{Grades: "2"}},
	}
	out, stats := Dedupe(rows, theories.Builtin())
	if len(out) != 2 || out[0].Extra[Grades] != "1 2" || out[1].Extra[Grades] != "2" || stats.Out != 2 {
		t.Errorf("%d rows, grades %q and %q", len(out), out[0].Extra[Grades], out[1].Extra[Grades])
	}
	if rows[0].Extra[Grades] != "1" {
		t.Errorf("a row that came in has the grades %q", rows[0].Extra[Grades])
	}
}
