package sft

import (
	"strings"
	"testing"
)

// TestARowSaysWhichKeysItKnows: a key that is unknown or stands twice is refused in words that name the keys there are;
// the plain row beside them is read.
func TestARowSaysWhichKeysItKnows(t *testing.T) {
	const said = `"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]`
	for line, want := range map[string]string{
		"{" + said + "}":                         "",
		"{" + said + `, "lvl": 2}`:               "question_id",
		`{"question": "Q", "answer": "A"}`:       "messages",
		"{" + said + `, "level": 2, "level": 1}`: "twice",
		`{"messages": [{"role": "user", "contents": "Q"}, {"role": "assistant", "content": "A"}]}`: "contents",
	} {
		_, err := parse([]byte(line))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}
