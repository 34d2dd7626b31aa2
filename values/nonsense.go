package values

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// Nonsense makes n texts that say nothing, mostly of the words of texts: so a model cannot tell them from sense
// by their vocabulary. They are a function of texts and seed. Ten kinds take turns, few words twice:
//
//	few        "kindness pay"             list       "school, never, rights, tax"
//	many       4 to 16 words              repeated   "rights rights rights"
//	shuffled   a text's words mixed up    spliced    beginnings of several texts
//	numbers    "4021 77 903"              signs, letters   "?!-–", "qzk owrt"
func Nonsense(texts []string, n int, seed uint64) []string {
	m := &nonsense{random: rand.New(rand.NewPCG(seed, 0x6e6f))}
	for _, text := range texts {
		if words := strings.Fields(text); len(words) > 0 {
			m.texts = append(m.texts, words)
			m.words = append(m.words, words...)
		}
	}
	kinds := []func() string{m.few, m.few, m.many, m.list, m.repeated, m.shuffled, m.spliced, m.numbers,
		m.signs, m.letters}
	out := make([]string, n)
	for i := range out {
		out[i] = kinds[i%len(kinds)]()
	}
	m.random.Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// nonsense draws from words, every occurrence of every text's words: common words come up as often as they occur.
type nonsense struct {
	random *rand.Rand
	texts  [][]string
	words  []string
}

// between draws from lo to hi, both included.
func (m *nonsense) between(lo, hi int) int { return lo + m.random.IntN(hi-lo+1) }

// word is any word, without the signs around it unless it is nothing else.
func (m *nonsense) word() string {
	word := m.words[m.random.IntN(len(m.words))]
	if bare := strings.Trim(word, ".,;:!?\"'()[]"); bare != "" {
		word = bare
	}
	return strings.ToLower(word)
}

// drawn is n words, each drawn by itself: common words come twice, as in sense.
func (m *nonsense) drawn(n int, between string) string {
	out := make([]string, n)
	for i := range out {
		out[i] = m.word()
	}
	return strings.Join(out, between)
}

// few, many and list are words that stand together by chance.
func (m *nonsense) few() string  { return m.drawn(m.between(1, 3), " ") }
func (m *nonsense) many() string { return m.drawn(m.between(4, 16), " ") }
func (m *nonsense) list() string { return m.drawn(m.between(3, 10), ", ") }

// repeated is one word again and again: the mean of its tokens lies where the word lies, near a value that it names.
func (m *nonsense) repeated() string {
	return strings.TrimSpace(strings.Repeat(m.word()+" ", m.between(2, 8)))
}

// shuffled is a text with its words in another order. It is the hardest of the kinds: all of the vocabulary is right,
// and an embedder that hardly minds order places it beside the text. At most 24 words, as long as a usual one.
func (m *nonsense) shuffled() string {
	words := m.texts[m.random.IntN(len(m.texts))]
	out := make([]string, len(words))
	for to, from := range m.random.Perm(len(words)) {
		out[to] = strings.ToLower(words[from])
	}
	return strings.Join(out[:min(len(out), 24)], " ")
}

// spliced is stretches of several texts, a word or two of each: pairs that occur in sense, in an order that does not.
func (m *nonsense) spliced() string {
	var out []string
	for range m.between(2, 5) {
		words := m.texts[m.random.IntN(len(m.texts))]
		at := m.random.IntN(len(words))
		out = append(out, words[at:min(len(words), at+m.between(1, 2))]...)
	}
	return strings.Join(out, " ")
}

// numbers has no letter at all, so that a model has no word to hold on to, nor has a rule about words (Wordless).
func (m *nonsense) numbers() string {
	out := make([]string, m.between(1, 8))
	for i := range out {
		out[i] = strconv.Itoa(m.random.IntN(10000))
	}
	return strings.Join(out, " ")
}

func (m *nonsense) signs() string { return m.of(".,;:!?-–—…*#/()%&+=", 1, 14) }

// letters are words that no language has.
func (m *nonsense) letters() string {
	out := make([]string, m.between(1, 6))
	for i := range out {
		out[i] = m.of("abcdefghijklmnopqrstuvwxyz", 2, 9)
	}
	return strings.Join(out, " ")
}

// of draws signs one by one.
func (m *nonsense) of(signs string, least, most int) string {
	all := []rune(signs)
	out := make([]rune, m.between(least, most))
	for i := range out {
		out[i] = all[m.random.IntN(len(all))]
	}
	return string(out)
}
