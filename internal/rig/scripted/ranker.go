package scripted

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Ranker answers windows of texts as a judge of known utilities would: Plackett–Luce with a sharpness, a liking of
// places, and answers that cannot be used. What it answers depends on the request alone, so a request that is repeated
// is answered alike, whoever asks first.
type Ranker struct {
	Theta map[string]float64   // utility of each text, in logits
	Judge map[string]Character // by model
}

// Character is one judge.
type Character struct {
	Beta   float64   // sharpness: utilities are multiplied by it
	Places []float64 // added to the text at each place; beyond its end nothing
	Spoilt float64   // share of answers that cannot be used, of all kinds in turn
	Spoil  []string  // kinds: prose, echo, cut, twice, missing; none: all of them
	Ties   float64   // share of answers that see no difference
	Drift  int       // from this call on it likes the first place by one logit more; 0: never
	Refuse int       // from this call on it answers 503; 0: never
	Firm   bool      // without noise: the higher utility always stands first
	Slope  float64   // of ratings: a text of utility θ is rated round(Offset + Slope θ + noise of SD 1), within ±10
	Offset float64
}

// kinds of answers that cannot be used, each of which a parser could take for an answer: a sentence that names a
// letter, the texts repeated, an object that ends too early, a letter twice, none at all.
var kinds = []string{"prose", "echo", "cut", "twice", "missing"}

// Answer is a script for New.
func (r Ranker) Answer(c Call) Reply {
	who := r.Judge[c.Model]
	if who.Refuse > 0 && c.N >= who.Refuse {
		return Reply{Status: 503}
	}
	// Draws are made in one order whatever comes of them, so that a judge with ties differs from one without in its ties
	// alone.
	shown := window(c.User)
	random := drawn(c)
	if strings.Contains(c.User, `"rating"`) {
		return Reply{Content: r.rating(who, random, c.User), Usage: [2]int{len(c.System+c.User) / 4, 6}}
	}
	usage := [2]int{len(c.System+c.User) / 4, 12}
	if random.Float64() < who.Spoilt && len(shown) > 0 {
		return Reply{Content: who.spoilt(random, shown), Usage: usage}
	}
	pair := strings.Contains(c.User, `"more"`)
	if pair && random.Float64() < who.Ties {
		return Reply{Content: `{"more": "tie"}`, Usage: usage}
	}
	order := r.order(who, c.N, random, shown)
	if pair {
		return Reply{Content: fmt.Sprintf(`{"more": %q}`, order[0]), Usage: usage}
	}
	raw, _ := json.Marshal(map[string]any{"order": order})
	return Reply{Content: string(raw), Usage: usage}
}

// order adds noise of Gumbel's law to each utility and sorts: that is a draw of Plackett–Luce.
//
//	θ 1 and 0, no noise: A before B. With it: A before B in e/(e+1) = .73 of the draws.
func (r Ranker) order(who Character, call int, random *rand.Rand, shown []string) []string {
	letters, worth := make([]string, len(shown)), make([]float64, len(shown))
	for at, text := range shown {
		letters[at] = string(rune('A' + at))
		worth[at] = who.Beta * r.Theta[text]
		if at < len(who.Places) {
			worth[at] += who.Places[at]
		}
		if who.Drift > 0 && call >= who.Drift && at == 0 {
			worth[at]++
		}
		if noise := random.Float64(); !who.Firm {
			worth[at] -= math.Log(-math.Log(noise))
		}
	}
	slices.SortStableFunc(letters, func(a, b string) int {
		switch d := worth[b[0]-'A'] - worth[a[0]-'A']; {
		case d > 0:
			return 1
		case d < 0:
			return -1
		}
		return 0
	})
	return letters
}

// spoilt is an answer of one kind that cannot be used.
func (who Character) spoilt(random *rand.Rand, shown []string) string {
	list := who.Spoil
	if len(list) == 0 {
		list = kinds
	}
	echo, _ := json.Marshal(shown)
	switch list[random.IntN(len(list))] {
	case "prose":
		return "I would say that A is the stronger one."
	case "echo":
		return "The texts were: " + string(echo)
	case "cut":
		return `{"order": ["A"`
	case "twice":
		return `{"order": ["A", "A"]}`
	}
	return `{"order": []}`
}

// rating is a number for the text of a prompt: the end of a line that is a JSON string.
func (r Ranker) rating(who Character, random *rand.Rand, user string) string {
	if random.Float64() < who.Spoilt {
		return "I cannot rate this."
	}
	var text string
	for _, line := range strings.Split(user, "\n") {
		if at := strings.IndexByte(line, '"'); at >= 0 {
			var found string
			if json.Unmarshal([]byte(line[at:]), &found) == nil {
				text = found
			}
		}
	}
	n := math.Round(who.Offset + who.Slope*r.Theta[text] + random.NormFloat64())
	return fmt.Sprintf(`{"rating": %d}`, int(max(-10, min(10, n))))
}

// window finds the texts in a prompt: the last line, or end of a line, that is a JSON list.
func window(user string) (texts []string) {
	for _, line := range strings.Split(user, "\n") {
		if at := strings.IndexByte(line, '['); at >= 0 {
			var found []string
			if json.Unmarshal([]byte(line[at:]), &found) == nil && len(found) > 1 {
				texts = found
			}
		}
	}
	return texts
}

// drawn are the random numbers of one request. Not of the call's number: which request comes first is a matter of
// threads, and a run that was stopped asks some of them again.
func drawn(c Call) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256([]byte(c.Model + "\x00" + c.System + "\x00" + c.User))))
}
