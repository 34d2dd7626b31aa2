package keys_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/keys"
)

var table = keys.Table{
	Understood: []string{"size"},
	Harmless:   []string{"note", "general.*", "*_id"},
	Refused: []keys.Rule{
		{Key: "scale", Unless: []any{1.0}},
		{Key: "window", When: func(_ any, file keys.Object) bool { return file["use_window"] == true },
			Remedy: "set use_window to false"},
		{Key: "use_window", Unless: []any{false, true}},
	},
}

func TestDecode(t *testing.T) {
	for _, c := range []struct{ name, json, says string }{
		{"all three lists", `{"size": 3, "note": [1], "general.name": "x", "scale": 1}`, ""},
		{"asks for nothing", `{"scale": null, "unheard_of": null, "window": {}}`, ""},
		{"a value that is not computed", `{"scale": 0.5}`, "scale 0.5 is not supported"},
		{"a list in place of a number", `{"scale": [1]}`, "scale [1] is not supported"},
		{"not in this company", `{"window": 8, "use_window": false}`, ""},
		{"in this company", `{"window": 8, "use_window": true}`, "set use_window to false"},
		{"an unknown key", `{"size": 3, "unheard_of": false}`, "unheard_of false is not known"},
		{"another case", `{"Size": 3}`, "Size 3 is not known"},
		{"an ending", `{"pad_id": 3}`, ""},
		{"a prefix is no key", `{"general": 1}`, "general 1 is not known"},
		{"a long value", `{"unheard_of": "` + strings.Repeat("x", 200) + `"}`, "xxx... is not known"},
		{"no object", `[1]`, "not a JSON object"},
		{"a byte order mark", "\xef\xbb\xbf{}", "byte order mark"},
		{"another type than is read", `{"size": "three"}`, "size"},
	} {
		var into struct {
			Size int `json:"size"`
		}
		_, err := table.Decode([]byte(c.json), &into)
		switch {
		case c.says == "" && err != nil, c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		case err != nil && fault.Of(err) != fault.Invalid && fault.Of(err) != fault.Corrupt:
			t.Errorf("%s: kind %s", c.name, fault.Of(err))
		}
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	if file, err := table.Read(dir, "c.json", nil); file != nil || err != nil {
		t.Errorf("an absent file: %v, %v", file, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "c.json"), []byte(`{"size": 4, "scale": 2}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := table.Read(dir, "c.json", nil); err == nil ||
		!strings.Contains(err.Error(), filepath.Join(dir, "c.json")) {
		t.Errorf("the error does not name the file: %v", err)
	}
}
