package contrast

import "testing"

func TestFigures(t *testing.T) {
	loss, accuracy := 2.5, .75
	v := &Validation{Loss: &loss, RankingAccuracy: Scoped{"within_corpus": &accuracy}}
	all := figures()
	if got := all["loss"](v); got == nil || *got != -2.5 {
		t.Errorf("loss scores %v, want -2.5: larger is better", got)
	}
	if got := all["ranking_accuracy.within_corpus"](v); got == nil || *got != .75 {
		t.Errorf("ranking accuracy scores %v, want .75", got)
	}
	if all["direction_accuracy"](v) != nil || all["loss"](&Validation{}) != nil {
		t.Error("an undefined figure has a score")
	}
	if CheckFigure("ranking_accuracy.nowhere") == nil || CheckFigure("") != nil {
		t.Error("names are not checked as they should be")
	}
}
