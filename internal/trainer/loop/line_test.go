package loop

import (
	"encoding/json"
	"math"
	"testing"

	"hives/internal/trainer/step"
)

// TestLineKeepsWhatTheTaskAdds in the same object, and gives it back; what is no number is null there and back.
func TestLineKeepsWhatTheTaskAdds(t *testing.T) {
	line := StepLine{Kind: "train", Step: 3, Loss: 1, GradNorm: step.Number(math.NaN()),
		Terms: map[string]step.Number{"a": 1, "b": step.Number(math.NaN())},
		More:  map[string]any{"levels": []step.Number{2, step.Number(math.NaN())}}}
	raw, err := json.Marshal(&line)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"kind":"train","step":3,"epoch":0,"loss":1,"terms":{"a":1,"b":null},"learning_rate":0,` +
		`"grad_norm":null,"clip":0,` +
		`"tokens":0,"computed_tokens":0,"tokens_per_second":0,"levels":[2,null]}`
	if string(raw) != want {
		t.Errorf("%s\nwant\n%s", raw, want)
	}
	var back StepLine
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(&back)
	if err != nil || string(again) != want || len(back.More) != 1 {
		t.Errorf("%s, %v, %v", again, back.More, err)
	}
}
