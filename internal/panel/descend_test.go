package panel

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"hives/data/theories"
)

// played answers queries from a table by their name in the votes file, and notes what was asked.
type played struct {
	votes map[string]string // "care/harm*5 loyalty/betrayal*2"; "?" is unusable
	asked []string
}

func (p *played) put(_ context.Context, q query) ([]string, error) {
	about := q.about("mft")
	p.asked = append(p.asked, about)
	script, ok := p.votes[about]
	if !ok {
		return nil, fmt.Errorf("%s: nobody was meant to be asked", about)
	}
	var out []string
	for _, part := range strings.Split(script, "; ") {
		name, times, _ := strings.Cut(part, "*")
		n := 0
		fmt.Sscan(times, &n)
		for range n {
			out = append(out, strings.TrimPrefix(name, "?"))
		}
	}
	return out, nil
}

func TestDescend(t *testing.T) {
	tree, _ := theories.Builtin().Get("mft")
	care := children(tree, []string{"care/harm"})
	virtue := care[0]
	for _, c := range []struct {
		name  string
		votes map[string]string
		want  string
		asked string
	}{
		{"down to a leaf",
			map[string]string{"mft": "care/harm*5; loyalty/betrayal*2", "mft/care-harm": virtue + "*7",
				"LEAF+direction": "opposes*7"},
			"labelled [care/harm " + virtue + "] -1 0 ", "mft mft/care-harm LEAF+direction"},
		{"neutral at level 1",
			map[string]string{"mft": "care/harm*3; loyalty/betrayal*3; ?*1", "mft+neutral": "neutral*4; care/harm*3"},
			"no value [] 0 0 ", "mft mft+neutral"},
		{"neutral at level 2 ends the path",
			map[string]string{"mft": "care/harm*7", "mft/care-harm": virtue + "*3; " + care[len(care)-1] + "*3",
				"mft/care-harm+neutral": "neutral*7", "mft/care-harm+direction": "supports*7"},
			"labelled [care/harm] 1 0 ", "mft mft/care-harm mft/care-harm+neutral mft/care-harm+direction"},
		{"agreement in the second round",
			map[string]string{"mft": "care/harm*4; loyalty/betrayal*3", "mft+neutral": "care/harm*5; neutral*2",
				"mft/care-harm": virtue + "*7", "LEAF+direction": "neither*7"},
			"labelled [care/harm " + virtue + "] 0 0 ", "mft mft+neutral mft/care-harm LEAF+direction"},
		{"open at level 1",
			map[string]string{"mft": "care/harm*4; loyalty/betrayal*3", "mft+neutral": "care/harm*3; loyalty/betrayal*3; " +
				"neutral*1"},
			"open [] 0 1 split vote", "mft mft+neutral"},
		{"open at level 2",
			map[string]string{"mft": "care/harm*7", "mft/care-harm": "?*7", "mft/care-harm+neutral": "?*7"},
			"open [care/harm] 0 2 0 usable answers, 4 needed", "mft mft/care-harm mft/care-harm+neutral"},
		{"direction backs off and is clear above",
			map[string]string{"mft": "care/harm*7", "mft/care-harm": virtue + "*7", "LEAF+direction": "supports*4; opposes*3",
				"mft/care-harm+direction": "supports*6; opposes*1"},
			"labelled [care/harm] 1 0 ", "mft mft/care-harm LEAF+direction mft/care-harm+direction"},
		{"direction backs off and stays unclear",
			map[string]string{"mft": "care/harm*7", "mft/care-harm": virtue + "*7", "LEAF+direction": "supports*4; opposes*3",
				"mft/care-harm+direction": "supports*4; opposes*3"},
			"open [care/harm] 0 0 direction unclear", "mft mft/care-harm LEAF+direction mft/care-harm+direction"},
	} {
		leaf := theories.ValueID("mft", theories.Path{"care/harm", virtue})
		p := &played{votes: map[string]string{}}
		for about, votes := range c.votes {
			p.votes[strings.Replace(about, "LEAF", leaf, 1)] = votes
		}
		r, err := descend(context.Background(), tree, Rules{}.For(7), p.put)
		got := fmt.Sprint(r.Status, " ", r.Path, " ", r.Direction, " ", r.Level, " ", r.Reason)
		if err != nil || got != c.want {
			t.Errorf("%s: %s (%v), want %s", c.name, got, err, c.want)
		}
		if asked := strings.ReplaceAll(strings.Join(p.asked, " "), leaf, "LEAF"); asked != c.asked {
			t.Errorf("%s: asked %s, want %s", c.name, asked, c.asked)
		}
	}
}

// With one child, a round without Neutral could only have one answer.
func TestSingleChildIsAskedWithNeutralAtOnce(t *testing.T) {
	var asked []bool
	_, err := level(context.Background(), Rules{}.For(7), func(_ context.Context, q query) ([]string, error) {
		asked = append(asked, q.neutral)
		return []string{"a", "a", "a", "a", "a", "a", "a"}, nil
	}, query{options: []string{"a"}})
	if err != nil || len(asked) != 1 || !asked[0] {
		t.Errorf("asked with neutral: %v, %v", asked, err)
	}
}

func TestDescendPassesErrorsOn(t *testing.T) {
	tree, _ := theories.Builtin().Get("mft")
	cut := errors.New("cut")
	for fail := range 3 {
		n := 0
		_, err := descend(context.Background(), tree, Rules{}.For(7), func(_ context.Context, q query) ([]string, error) {
			if n++; n > fail {
				return nil, cut
			}
			c := q.choices()[0]
			return []string{c, c, c, c, c, c, c}, nil
		})
		if !errors.Is(err, cut) {
			t.Errorf("question %d: %v", fail+1, err)
		}
	}
}
