package profiles_test

import (
	"bytes"
	"strings"
	"testing"

	"hives/internal/rig/pagetest"
	"hives/profiles"
)

// TestPage draws one profile and two: whole pages, with every reason, and authors and texts that are hostile.
func TestPage(t *testing.T) {
	rows := posts(2, 40)
	for i := range rows {
		if rows[i].Author == "author-00" {
			rows[i].Author = "<script>alert(1)</script>"
		}
		rows[i].Text += " <b>loud</b>"
	}
	both := read(t, profiles.ReadJob{In: profiles.TextFile{Path: jsonl(t, rows)}, Quote: true})
	for n := 1; n <= 2; n++ {
		var page, again bytes.Buffer
		must(t, model(t).WritePage(&page, nil, both[:n]...))
		must(t, model(t).WritePage(&again, nil, both[:n]...))
		pagetest.Check(t, page.String())
		if !bytes.Equal(page.Bytes(), again.Bytes()) {
			t.Error("two pages of the same profiles differ")
		}
		for _, bad := range []string{"<script>", "<b>loud", "NaN", "&amp;lt;"} {
			if strings.Contains(page.String(), bad) {
				t.Errorf("%d profiles: the page has %q", n, bad)
			}
		}
		for _, want := range []string{"care/harm", "unsupported: vectors tell", "must not be used", "&lt;b&gt;loud", "±3",
			"a profile is not", "covered"} {
			if !strings.Contains(page.String(), want) {
				t.Errorf("%d profiles: the page lacks %q", n, want)
			}
		}
		if told := strings.Contains(page.String(), "intervals"+" do not touch") ||
			strings.Contains(page.String(), "intervals overlap"); told != (n == 2) {
			t.Errorf("%d profiles are compared: %v", n, told)
		}
	}
}
