package survey

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// pythonList reads a list as Python prints it, which is how the published tables hold them: texts in either quotes, or
// numbers. Numbers come as their text.
//
//	['Yes', "I don't"]     Yes; I don't
//	[1.0, 2.0]             1.0; 2.0
func pythonList(cell string) (out []string, err error) {
	rest, opened := strings.CutPrefix(strings.TrimSpace(cell), "[")
	if !opened {
		return nil, errors.New("is no list")
	}
	for {
		rest = strings.TrimLeft(rest, " \n")
		if tail, closed := strings.CutPrefix(rest, "]"); closed {
			if tail != "" {
				return nil, errors.New("goes on behind its list")
			}
			return out, nil
		}
		var item string
		if item, rest, err = pythonItem(rest); err != nil {
			return nil, err
		}
		out = append(out, item)
		rest = strings.TrimLeft(rest, " \n")
		if tail, comma := strings.CutPrefix(rest, ","); comma {
			rest = tail
		} else if !strings.HasPrefix(rest, "]") {
			return nil, errors.New("has two entries without a comma between them")
		}
	}
}

// pythonItem reads one entry.
func pythonItem(s string) (item, rest string, err error) {
	if s == "" {
		return "", "", errors.New("ends within its list")
	}
	quote := s[0]
	if quote != '\'' && quote != '"' {
		end := strings.IndexAny(s, ",]")
		if end < 1 {
			return "", "", errors.New("has an empty entry")
		}
		return strings.TrimSpace(s[:end]), s[end:], nil
	}
	var b strings.Builder
	for s = s[1:]; s != ""; {
		if s[0] == quote {
			return b.String(), s[1:], nil
		}
		// Go's and Python's escapes are alike in what printed texts hold: \', \", \\, \n, \xNN, \uNNNN.
		r, _, tail, err := strconv.UnquoteChar(s, quote)
		if err != nil && strings.HasPrefix(s, "\\") && len(s) > 1 && (s[1] == '\'' || s[1] == '"') {
			r, tail, err = rune(s[1]), s[2:], nil // Python escapes either quote in either
		}
		if err != nil {
			return "", "", fmt.Errorf("has an escape that is unknown: %.6q", s)
		}
		b.WriteRune(r)
		s = tail
	}
	return "", "", errors.New("has a text that never ends")
}
