package answers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hives/internal/fault"
)

// Level is a degree that is asked for, from −2 to 2.
type Level int

// Levels are all of them.
var Levels = []Level{-2, -1, 0, 1, 2}

// words of the levels, −2 first: what a prompt calls them, and the tone of a text that has them.
var words = [5]struct{ name, tone string }{
	{"strongly disagree", "rejecting"}, {"somewhat disagree", "doubtful"}, {"neutral", "even, leaning neither way"},
	{"somewhat agree", "approving"}, {"strongly agree", "enthusiastic"},
}

// Name is what prompts and pages call a level.
func (l Level) Name() string { return words[l+2].name }

// Tone is that of a text at a level.
func (l Level) Tone() string { return words[l+2].tone }

// String is the number with its sign.
//
//	-2   0   +2
func (l Level) String() string {
	if l > 0 {
		return fmt.Sprintf("+%d", int(l))
	}
	return strconv.Itoa(int(l))
}

// levelNames in the order of Levels.
func levelNames() (out []string) {
	for _, l := range Levels {
		out = append(out, l.Name())
	}
	return out
}

// ParseLevels reads levels of a command line. They come out in their order, each once; "all" are the five.
func ParseLevels(said []string) ([]Level, error) {
	var out []Level
	for _, word := range said {
		if strings.TrimSpace(word) == "all" {
			return slices.Clone(Levels), nil
		}
		n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(word), "+"))
		if err != nil || n < -2 || n > 2 {
			return nil, fault.Usage(fault.New(fault.Invalid, "level %q: want -2, -1, 0, +1, +2 or all", word))
		}
		out = append(out, Level(n))
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
