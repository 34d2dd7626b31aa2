package profiles

import (
	"cmp"
	"math"

	"hives/data"
	"hives/internal/figure"
	"hives/values"
)

// TextProfile is what an author's texts say, as far as it can be told. It holds no text unless that was asked for.
type TextProfile struct {
	Author     string         `json:"author"`
	Texts      int            `json:"texts"`
	Duplicates int            `json:"duplicates"` // texts that came before: each counts once
	Wordless   int            `json:"wordless"`   // without two different words: there is nothing to read
	Counted    Counted        `json:"counted"`    // which texts make a score
	Values     []ValueProfile `json:"values"`     // by value_id
}

// ValueProfile is one value's part. Score, Lo and Hi are null together, with the reason, and never 0 for want of texts.
type ValueProfile struct {
	ValueID   string        `json:"value_id"`
	Name      string        `json:"name"`
	Score     figure.Number `json:"score"` // −10 opposes, 10 supports
	Lo        figure.Number `json:"lo"`    // 95 %, of the mean that people would give the texts
	Hi        figure.Number `json:"hi"`
	Neutral   figure.Number `json:"neutral"`
	Side      Side          `json:"side"`
	N         int           `json:"n"`      // texts that count
	Effective float64       `json:"n_eff"`  // as many equal ones would weigh the same
	Unsure    int           `json:"unsure"` // texts whose own interval is too wide; they count under CountAll
	Beside    int           `json:"not_about"`
	Judged    int           `json:"judged,omitempty"` // of those that count, the scores that judges gave
	Why       string        `json:"reason,omitempty"` // of a null
	Evidence  []Evidence    `json:"evidence"`         // the texts that move the score most
}

// Evidence is a text that moves a score much.
type Evidence struct {
	Row   int     `json:"row"` // of the input, from 1
	ID    string  `json:"id,omitempty"`
	Share float64 `json:"share"` // of what all move it
	Text  string  `json:"text,omitempty"`
}

// Side is on which side of the neutral point and of the pool's middle a score stands, with its whole interval.
type Side string

// The sides. Open says that nothing is told: no score, no neutral point, or an interval that holds it.
const (
	Supports Side = "supports"
	Opposes  Side = "opposes"
	Open     Side = "open"
)

// sideOf asks the whole interval to lie beyond neutral, and beyond 0 as well. Why both? 0 is the middle of a database's
// pool and not neutral. But a text of which vectors tell nothing is predicted to be in that middle, so a score between
// the two is what knowing nothing looks like: of comments that people found to be about no morals, a base model had all
// scores there (docs/LOG.md).
//
//	neutral −1.30   −1.90 [−2.20, −1.50]   opposes
//	                −.75 [−1.08, −.40]     open: above neutral, and not above the middle
//	                .60 [.20, .90]         supports
func sideOf(s TextScore, neutral float64) Side {
	switch {
	case math.IsNaN(s.Score) || math.IsNaN(neutral):
		return Open
	case s.Lo > max(0, neutral):
		return Supports
	case s.Hi < min(0, neutral):
		return Opposes
	}
	return Open
}

// AuthorText is a text on its way into a profile.
type AuthorText struct {
	Row    int // of the input, from 1
	Author string
	ID     string // as the input has it; may be empty
	Text   string
}

// NewAuthorText is a text as a file's or a request's. It is cleaned as the texts were that models are fitted on.
func NewAuthorText(row int, text string) AuthorText {
	return AuthorText{Row: row, Text: data.CleanText(text)}
}

// Collector gathers the texts of one author. It keeps numbers of each, and the text itself only where it is to be
// shown.
type Collector struct {
	m     *TextModel
	quote bool
	out   TextProfile
	seen  map[string]int // of each text_id its place in texts
	texts []Evidence
	told  [][]Told // [V]

	judge *TextJudge        // nil: nobody is asked
	open  []abstained       // what judges are to be asked
	words map[string]string // of the texts that they will see, by text_id
}

// abstained is a text and a value that nothing was said of.
type abstained struct {
	value int
	id    string
	rho   float64
	why   Answer
}

// Collect begins an author's profile. With quote the evidence has the words of its texts.
func (m *TextModel) Collect(author string, quote bool) *Collector {
	c := &Collector{m: m, quote: quote, seen: map[string]int{}, told: make([][]Told, len(m.Values))}
	c.out = TextProfile{Author: author, Counted: cmp.Or(m.Rules.Counted, CountSure)}
	for i := range m.Values {
		c.out.Values = append(c.out.Values, ValueProfile{ValueID: m.Values[i].ID, Name: m.Values[i].Name,
			Evidence: []Evidence{}})
	}
	return c
}

// Wordless tells whether a text can say nothing, so that no vector of it is needed.
func (t AuthorText) Wordless() bool { return values.Wordless(t.Text) }

// Add takes a text with what the model reads in its vector; of a wordless text the reading is not looked at.
//
//	"She shared her lunch."     counts
//	"She shared her lunch. "    a duplicate: the same text_id
//	"!!!"                       wordless
func (c *Collector) Add(t AuthorText, reading []TextReading) {
	c.out.Texts++
	if t.Wordless() {
		c.out.Wordless++
		return
	}
	id := data.TextID(t.Text)
	if _, twice := c.seen[id]; twice {
		c.out.Duplicates++
		return
	}
	place := len(c.texts)
	c.seen[id] = place
	e := Evidence{Row: t.Row, ID: t.ID}
	if c.quote {
		e.Text = t.Text
	}
	c.texts = append(c.texts, e)
	for i, r := range reading {
		if r.Answer == Answered || r.Answer == Unsure && c.m.Rules.Counted == CountAll {
			c.told[i] = append(c.told[i], r.told(id))
		}
		switch r.Answer {
		case Unsure, Beside:
			if r.Answer == Unsure {
				c.out.Values[i].Unsure++
			} else {
				c.out.Values[i].Beside++
			}
			if c.judge != nil && c.judge.takes(r.Answer) {
				c.open = append(c.open, abstained{i, id, r.Rho, r.Answer})
				c.words[id] = t.Text
			}
		}
	}
}

// Profile is the author's, of all texts so far.
func (c *Collector) Profile() TextProfile {
	for i := range c.out.Values {
		v, of := &c.out.Values[i], &c.m.Values[i]
		s, why := c.m.score(of, c.told[i])
		v.Score, v.Lo, v.Hi = figure.Number(s.Score), figure.Number(s.Lo), figure.Number(s.Hi)
		v.Neutral, v.Side = of.Neutral, sideOf(s, float64(of.Neutral))
		v.N, v.Effective, v.Evidence, v.Why = s.N, s.Effective, []Evidence{}, why
		for _, share := range s.Most {
			e := c.texts[c.seen[share.ID]]
			e.Share = share.Share
			v.Evidence = append(v.Evidence, e)
		}
	}
	return c.out
}

// score makes one of the texts that count, by the model's rule, or says why there is none.
func (m *TextModel) score(v *TextValue, told []Told) (s TextScore, why string) {
	switch {
	case v.Why != "":
		return m.Rules.Pool(nil, v.ID), "unsupported: " + v.Why
	case m.Rules.Counted == CountAll && v.Many == nil:
		s = m.Rules.Pool(nil, v.ID)
		s.N, s.Effective = len(told), float64(len(told))
		return s, "unsupported for many texts: " + v.NotMany
	case m.Rules.Counted == CountAll:
		return v.Many.Pool(m.Rules, told)
	}
	if s = m.Rules.Pool(told, v.ID); math.IsNaN(s.Score) {
		why = fewEffective(s.Effective, m.Rules)
	}
	return s, why
}

// Profile reads the texts of one author. vectors are theirs, in the same order; that of a wordless text may be nil.
func (m *TextModel) Profile(author string, texts []AuthorText, vectors [][]float32, quote bool) TextProfile {
	c := m.Collect(author, quote)
	for i, reading := range m.readSome(vectors) {
		c.Add(texts[i], reading)
	}
	return c.Profile()
}

// readSome is Read of the vectors that are there.
func (m *TextModel) readSome(vectors [][]float32) [][]TextReading {
	var some [][]float32
	for _, v := range vectors {
		if v != nil {
			some = append(some, v)
		}
	}
	read, at := m.Read(some), 0
	out := make([][]TextReading, len(vectors))
	for i, v := range vectors {
		if v != nil {
			out[i], at = read[at], at+1
		}
	}
	return out
}
