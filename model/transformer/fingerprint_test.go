package transformer_test

import (
	"reflect"
	"testing"

	"hives/model/bert"
	"hives/model/decoder"
	"hives/model/transformer"
)

// other changes one field to another value of its kind.
func other(t *testing.T, field reflect.Value) {
	t.Helper()
	switch field.Kind() {
	case reflect.Int:
		field.SetInt(field.Int() + 1)
	case reflect.Float64:
		field.SetFloat(field.Float() + 1)
	case reflect.String:
		field.SetString(field.String() + "x")
	case reflect.Bool:
		field.SetBool(!field.Bool())
	default:
		t.Fatalf("a field of kind %s: say here how to change it", field.Kind())
	}
}

func fingerprint(t *testing.T, a transformer.Architecture) string {
	t.Helper()
	sum, err := transformer.Fingerprint(a)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestFingerprintHoldsTheWholeConfig changes every exported field there is, so that a field of tomorrow is tried too;
// those of the file are known by their tag, and what else it says stays in the one field that is not exported.
func TestFingerprintHoldsTheWholeConfig(t *testing.T) {
	for _, fresh := range []func() transformer.Architecture{
		func() transformer.Architecture { return &decoder.Config{ModelType: decoder.Llama} },
		func() transformer.Architecture { return &bert.Config{} },
	} {
		plain := fingerprint(t, fresh())
		if plain != fingerprint(t, fresh()) {
			t.Errorf("%T: one config has two fingerprints", fresh())
		}
		hidden := 0
		for i := range reflect.ValueOf(fresh()).Elem().NumField() {
			a := fresh()
			field := reflect.ValueOf(a).Elem().Field(i)
			name := reflect.TypeOf(a).Elem().Field(i).Name
			if !field.CanSet() {
				hidden++
				continue
			}
			ofFile := reflect.TypeOf(a).Elem().Field(i).Tag.Get("json") == "-"
			if other(t, field); (fingerprint(t, a) == plain) != ofFile {
				t.Errorf("%T: %s is of the file: %v, but it changes the fingerprint: %v", a, name, ofFile, !ofFile)
			}
		}
		if hidden != 1 {
			t.Errorf("%T has %d fields that no fingerprint sees, want the file's own keys alone", fresh(), hidden)
		}
	}
	if fingerprint(t, &decoder.Config{}) == fingerprint(t, &bert.Config{}) {
		t.Error("two kinds of config have one fingerprint")
	}
}

// TestFingerprintIsNotOfTheFile: files that differ in what changes no state, and what is saved of them in another type.
func TestFingerprintIsNotOfTheFile(t *testing.T) {
	sums := map[string]bool{}
	for _, more := range []string{
		"", `, "_name_or_path": "elsewhere", "use_cache": true`, `, "torch_dtype": "bfloat16", "tie_word_embeddings": true`,
	} {
		cfg, err := decoder.ParseConfig([]byte(`{"model_type": "llama", "vocab_size": 9, "hidden_size": 8, "rms_norm_eps": ` +
			`1e-5,
			"intermediate_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "pad_token_id": 3` + more + `}`))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := cfg.JSON("float16")
		if err != nil {
			t.Fatal(err)
		}
		again, err := decoder.ParseConfig(raw)
		if err != nil {
			t.Fatal(err)
		}
		sums[fingerprint(t, cfg)], sums[fingerprint(t, again)] = true, true
		if first := fingerprint(t, cfg.First(1)); sums[first] {
			t.Error("a model of one layer has the fingerprint of one of two")
		}
	}
	if len(sums) != 1 {
		t.Errorf("%d fingerprints of one model", len(sums))
	}
}
