package serve

import (
	"testing"

	"hives/internal/serve/schedule"
	hivesv1 "hives/proto/hives/v1"
)

// TestKeysTellApart: the same question has the same key, and every part of it that differs makes another.
func TestKeysTellApart(t *testing.T) {
	key := func(weights, tokenizer, prompt string, overlong hivesv1.Overlong, ids ...int32) schedule.Key {
		g := &Generation{Model: &Model{Version: &hivesv1.ModelVersion{WeightsSha256: weights, TokenizerSha256: tokenizer}}}
		return g.keyer(prompt, overlong)(ids)
	}
	const cut, refuse = hivesv1.Overlong_OVERLONG_TRUNCATE, hivesv1.Overlong_OVERLONG_REFUSE
	seen := map[schedule.Key]string{key("w", "t", "p", cut, 1, 2): "the question itself"}
	for name, k := range map[string]schedule.Key{
		"other weights":                       key("v", "t", "p", cut, 1, 2),
		"another tokenizer":                   key("w", "u", "p", cut, 1, 2),
		"another prompt":                      key("w", "t", "q", cut, 1, 2),
		"no prompt":                           key("w", "t", "", cut, 1, 2),
		"another rule for long texts":         key("w", "t", "p", refuse, 1, 2),
		"another id":                          key("w", "t", "p", cut, 1, 3),
		"ids in another order":                key("w", "t", "p", cut, 2, 1),
		"fewer ids":                           key("w", "t", "p", cut, 1),
		"an id more":                          key("w", "t", "p", cut, 1, 2, 0),
		"a prompt that holds the first id":    key("w", "t", "p\x00\x01\x00\x00\x00", cut, 2),
		"an id that differs in its last byte": key("w", "t", "p", cut, 1, 2+1<<24),
	} {
		if other, double := seen[k]; double {
			t.Errorf("%s has the key of %s", name, other)
		}
		seen[k] = name
	}
	if _, same := seen[key("w", "t", "p", cut, 1, 2)]; !same {
		t.Error("the same question twice has two keys")
	}
}
