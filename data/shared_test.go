package data_test

import (
	"testing"

	"hives/data"
)

func TestSharedWith(t *testing.T) {
	row := func(text, group string) data.Row { return data.Row{TextID: text, Group: group} }
	trained := []data.Row{row("a", "g"), row("b", "h"), row("b", "h"), row("c", "")}
	for name, c := range map[string]struct {
		measured []data.Row
		want     data.Shared
	}{
		"nothing":             {[]data.Row{row("x", "i"), row("y", "")}, data.Shared{OfTexts: 2}},
		"a text, twice":       {[]data.Row{row("a", "i"), row("a", "i"), row("x", "")}, data.Shared{Texts: 1, OfTexts: 2}},
		"a group, other text": {[]data.Row{row("x", "h"), row("y", "h")}, data.Shared{Groups: 1, OfTexts: 2}},
		"all":                 {trained, data.Shared{Texts: 3, Groups: 2, OfTexts: 3}},
		"no rows":             {nil, data.Shared{}},
	} {
		got := data.SharedWith(trained, c.measured)
		if got != c.want || got.Any() != (c.want.Texts+c.want.Groups > 0) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
