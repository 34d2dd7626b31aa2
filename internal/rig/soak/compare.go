package soak

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// clock is the one figure of the metrics log that depends on time. It is cut out of both logs; all else is
// compared.
var clock = regexp.MustCompile(`"tokens_per_second":[^,}]*`)

// compare holds a battered run to the one that was left alone and removes it when they agree: a run that differs
// stays for whoever looks into it. checkpoints/ is not compared, since which of them were written depends on when
// the blows fell; the best one is, by what run.json says of it.
func (s *soak) compare(out string) error {
	for _, file := range []string{"final/model.safetensors", "final/hives.json", "config.toml", "metrics.jsonl"} {
		want, err := os.ReadFile(filepath.Join(s.whole, file))
		if err != nil {
			return err
		}
		got, err := os.ReadFile(filepath.Join(out, file))
		if err != nil {
			return err
		}
		// Weights are no lines of text; their first difference is told all the same, by the number of its line.
		if at, one, other := difference(clock.ReplaceAll(got, nil), clock.ReplaceAll(want, nil)); at > 0 {
			return fmt.Errorf("%s differs from that of the run that was left alone, in %s, at line %d:\n%s\n%s", file, out,
				at, one, other)
		}
	}
	want, err := bestOf(s.whole)
	if err != nil {
		return err
	}
	if got, err := bestOf(out); err != nil || !bytes.Equal(got, want) {
		return fmt.Errorf("the best checkpoint of %s is %s, of the run that was left alone %s (%v)", out, got, want, err)
	}
	s.printf("run %d: weights, log and best checkpoint as those of the run that was left alone\n", s.report.Runs)
	return os.RemoveAll(out)
}

// difference returns the first line in which a and b differ, from 1, and both lines; 0 if they do not.
func difference(a, b []byte) (at int, one, other []byte) {
	if bytes.Equal(a, b) {
		return 0, nil, nil
	}
	for at = 1; bytes.Equal(one, other); at++ {
		one, a, _ = bytes.Cut(a, []byte("\n"))
		other, b, _ = bytes.Cut(b, []byte("\n"))
	}
	return at - 1, one, other
}

// bestOf is what run.json says of the best checkpoint, as bytes: step, score and figure at once.
func bestOf(out string) (json.RawMessage, error) {
	raw, err := os.ReadFile(filepath.Join(out, "run.json"))
	if err != nil {
		return nil, err
	}
	var info struct {
		Best json.RawMessage `json:"best"`
	}
	return info.Best, json.Unmarshal(raw, &info)
}
