package prompts

import (
	_ "embed"
	"encoding/json"
	"maps"
	"slices"

	"hives/internal/fault"
	"hives/internal/judge"
)

//go:embed phrases.v1.json
var phrasesFile []byte

// Words for a weak target.
const (
	Slightly = "slightly"
	Weakly   = "weakly" // as the paper prints in boxes 7 and 11
)

// phrases is the noun phrase of each value.
var phrases = readPhrases(phrasesFile)

func readPhrases(raw []byte) map[string]string {
	var file struct {
		Phrases map[string]string
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		panic(err) // a file of the program
	}
	return file.Phrases
}

// Phrase is a value's noun phrase.
func Phrase(value string) (string, error) {
	p, ok := phrases[value]
	if !ok {
		return "", fault.Usage(fault.New(fault.Invalid, "value %s has no noun phrase to steer with: prompts are checked for "+
			"the 32 values of hives theories --targets", value))
	}
	return p, nil
}

// words are the verb of a target: strongly values, slightly rejects.
func words(weak string, target int) string {
	adverb, verb := weak, " values"
	if target*target == 4 {
		adverb = "strongly"
	}
	if target < 0 {
		verb = " rejects"
	}
	return adverb + verb
}

// Pairs are the values of regime two: those of the paper's Figures 25 to 28.
var Pairs = [][2]string{
	{"svt/self-transcendence/benevolence", "svt/self-transcendence/universalism"},
	{"svt/conservation/conformity", "svt/openness-to-change/hedonism"},
	{"svt/self-enhancement/power", "svt/self-transcendence/universalism"},
	{"svt/openness-to-change/self-direction", "svt/openness-to-change/stimulation"},
	{"mft/care-harm", "mft/fairness-cheating"},
	{"mft/loyalty-betrayal", "mft/authority-subversion"},
	{"mft/liberty-oppression", "mft/authority-subversion"},
	{"mft/loyalty-betrayal", "mft/fairness-cheating"},
	{"duty/beneficence", "duty/non-maleficence"},
	{"duty/fidelity", "duty/reparation"},
	{"duty/gratitude", "duty/justice"},
	{"duty/justice", "duty/beneficence"},
	{"right/first-generation/civil-rights", "right/first-generation/political-rights"},
	{"right/second-generation/cultural-rights", "right/first-generation/civil-rights"},
	{"right/second-generation/economic-rights", "right/second-generation/social-rights"},
	{"right/third-generation/national-solidarity-rights", "right/second-generation/social-rights"},
}

// Doses are the targets of regime two.
var Doses = [][]int{{2, 2}, {2, 1}, {1, 2}, {-2, -2}}

// hash names the words of a prompt: its file, and the phrases where it has some.
func hash(template string, phrased bool) string {
	raw, err := files.ReadFile("prompts/" + template + ".tmpl")
	if err != nil {
		panic(err) // a file of the program
	}
	if phrased {
		raw = slices.Concat(raw, phrasesFile)
	}
	return judge.Hash(string(raw))
}

// Values are those that have a phrase, by id.
func Values() []string { return slices.Sorted(maps.Keys(phrases)) }
