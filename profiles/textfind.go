package profiles

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"hives/intensity"
	"hives/internal/fault"
	"hives/internal/nearest"
	"hives/internal/strictjson"
	"hives/internal/textfile"
)

// FindProfile is an author's in a file of profiles that hives profile text wrote (.jsonl). With an empty author the
// file must hold one profile. The file is read to its end: the same author twice is refused.
func FindProfile(path, author string) (*TextProfile, error) {
	if !strings.EqualFold(filepath.Ext(path), ".jsonl") {
		return nil, fault.Usage(fault.New(fault.Invalid, "%s: want the lines of JSON that hives profile text --out "+
			"FILE.jsonl writes", path))
	}
	var found *TextProfile
	var authors []string
	err := textfile.EachLine(path, func(number int, line []byte) error {
		if len(line) == 0 {
			return nil
		}
		p, err := parseProfile(line)
		if err != nil {
			return fault.New(fault.Invalid, "%s: line %d: %w", path, number, err)
		}
		if p.Author == author || author == "" {
			if found != nil {
				return manyProfiles(path, author)
			}
			found = p
		}
		if len(authors) < 1000 { // a hint needs no more
			authors = append(authors, p.Author)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, fault.Usage(fault.New(fault.NotFound, "%s: there is no profile of %q: %s", path, author,
			nearest.Hint(author, authors)))
	}
	return found, nil
}

func manyProfiles(path, author string) error {
	if author == "" {
		return fault.Usage(fault.New(fault.Invalid, "%s holds profiles of several authors: name one with --author", path))
	}
	return fault.New(fault.Invalid, "%s holds two profiles of %q: keep one", path, author)
}

// parseProfile reads a line, and refuses numbers that no profile has.
func parseProfile(line []byte) (*TextProfile, error) {
	p := &TextProfile{}
	if err := strictjson.DecodeOnly(line, p); err != nil {
		return nil, err
	}
	if p.Values == nil {
		return nil, fmt.Errorf("holds no values: it is no profile of texts")
	}
	for _, v := range p.Values {
		if v.Score.Known() && !(math.Abs(float64(v.Score)) <= intensity.Limit) {
			raw, _ := json.Marshal(v.Score)
			return nil, fmt.Errorf("%s has the score %s: scores go from −10 to 10", v.ValueID, raw)
		}
	}
	return p, nil
}
