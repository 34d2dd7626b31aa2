package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/model/folder"
)

// TestLengths: what the caller asks for holds, then what the files say, else a bound below the model's, with a word.
func TestLengths(t *testing.T) {
	silent, says := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(says, folder.InfoFile), []byte(`{"format":1,"max_length":64}`),
		0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dir              string
		asked, positions int
		want             int
		warns            bool
	}{
		"as published":          {silent, 0, 32768, 2048, true},
		"a short model":         {silent, 0, 512, 512, false},
		"positions not told":    {silent, 0, 0, 2048, false},
		"asked for":             {silent, 256, 32768, 256, false},
		"all of it":             {silent, 32768, 32768, 32768, false},
		"the files say":         {says, 0, 32768, 64, false},
		"asked for more":        {says, 8192, 32768, 8192, false},
		"a little below, quiet": {silent, 0, 4000, 2048, false},
	} {
		info := folder.Defaults()
		info.MaxLength = 64
		stated, err := Options{MaxLength: c.asked}.length(c.dir, &info, c.positions)
		warning := Length{info.MaxLength, c.positions, stated}.Warning()
		if err != nil || info.MaxLength != c.want || (warning != "") != c.warns {
			t.Errorf("%s: %d tokens, %v, %q; want %d, a warning %v", name, info.MaxLength, err, warning, c.want, c.warns)
		}
		if c.warns && !strings.Contains(warning, "--max-length") {
			t.Errorf("%s: %q has no remedy", name, warning)
		}
	}
	info := folder.Defaults()
	if _, err := (Options{MaxLength: 513}).length(silent, &info, 512); fault.Of(err) != fault.Invalid {
		t.Errorf("more than the model has positions: %v", err)
	}
}
