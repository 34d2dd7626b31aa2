package schema

import (
	"encoding/json"
	"slices"
	"sync"

	"hives/internal/fault"
)

// maxStates and maxMasks bound what an automaton remembers: at 150,000 tokens a mask takes 19 kB, a thousand of them
// 19 MB. Beyond either bound everything is forgotten, which costs time and changes no answer.
const (
	maxStates = 1 << 13
	maxMasks  = 1 << 9
)

// Automaton is a schema over a vocabulary. Several walks may share it. They share what is found out as well, so it is
// found under a lock. States are made as walks meet them: a schema has far more than an answer passes.
type Automaton struct {
	vocabulary *Vocabulary

	mu    sync.Mutex
	a     *algebra
	root  *node
	masks int
}

// Compile refuses a schema outside the subset, and one that the vocabulary cannot write, before any token. The second
// would end in a state without any token, with half an answer written.
func (v *Vocabulary) Compile(schema map[string]any) (*Automaton, error) {
	a, root, err := compile(schema)
	if err != nil {
		return nil, err
	}
	out := &Automaton{vocabulary: v, a: a, root: root}
	if out.need(root) >= endless {
		return nil, fault.New(fault.Invalid, "schema: the model's vocabulary has no tokens for its shortest answer")
	}
	return out, nil
}

// Key tells schemas apart that are not the same. The order of properties is not in it, as encoding/json sorts keys;
// that of required is, and it is the one that compile goes by.
func Key(schema map[string]any) (string, error) {
	raw, err := json.Marshal(schema)
	return string(raw), err
}

// Walk is where one answer stands. It is for one goroutine; what it shares with others lies in its Automaton.
type Walk struct {
	auto *Automaton
	at   *node
}

// Start begins an answer whose first bytes are given. The walk goes on behind them, so that a beginning which
// somebody else wrote is held to the schema too.
func (m *Automaton) Start(prefix string) (*Walk, error) {
	w := &Walk{m, m.root}
	if !w.Take(prefix) {
		return nil, fault.New(fault.Invalid, "the given beginning of the answer is no beginning of JSON of the schema")
	}
	return w, nil
}

// Take goes on by the bytes of a token, or tells that they cannot come here and stays. A token may end within a
// character; its other bytes come with the next.
func (w *Walk) Take(bytes string) bool {
	w.auto.mu.Lock()
	defer w.auto.mu.Unlock()
	n := w.at
	for at := range len(bytes) {
		if n = w.auto.a.after(n, bytes[at]); n.op == never {
			return false
		}
	}
	w.at = n
	return true
}

// Complete tells that what was written is JSON of the schema: the turn may end.
func (w *Walk) Complete() bool { return w.at.ends }

// Over tells that nothing can follow. Complete and not over: 1 of an integer, which may become 12.
func (w *Walk) Over() bool { return w.at.op == empty }

// Need is how many tokens the shortest end takes that is looked for: the shortest in bytes, in as few tokens as spell
// it.
//
//	{"enum": ["yes", "no"]}, tokens " n o no     3: " no "
func (w *Walk) Need() int {
	w.auto.mu.Lock()
	defer w.auto.mu.Unlock()
	return w.auto.need(w.at)
}

// Allowed are the tokens that may come next, as bits by id, when left more may be written, this one included. The
// caller adds the ends of a turn where the answer is Complete.
//
// Invariant: if Need is at most left, then after any token that is allowed Need is at most left−1, and one is allowed
// or the answer is complete. So an answer that begins with Need ≤ MaxTokens is complete within them, whatever is
// chosen: the first token of the shortest end leaves an end of one token less.
//
//	{"enum": ["yes", "no"]}, tokens " n o no y e s, behind the first "
//	left 2     no            no " are two, n o " would be three
//	left 3     no n
//	left 4     no n y        y e s " are four
func (w *Walk) Allowed(left int) []uint64 {
	w.auto.mu.Lock()
	defer w.auto.mu.Unlock()
	m := w.auto.mask(w.at)
	if m.most <= left {
		return m.bits
	}
	bits := make([]uint64, len(m.bits))
	w.auto.vocabulary.each(w.auto.a, w.at, func(id int32, behind *node) {
		if 1+w.auto.need(behind) <= left {
			bits[id>>6] |= 1 << (id & 63)
		}
	})
	return bits
}

// Has tells whether an id is among bits.
func Has(bits []uint64, id int32) bool { return bits[id>>6]>>(id&63)&1 == 1 }

// mask looks at the whole vocabulary once a state. A mask is good for every number of tokens left from its most on:
// only near the end must Allowed look again.
func (m *Automaton) mask(n *node) *mask {
	if n.mask != nil {
		return n.mask
	}
	if m.masks++; m.masks > maxMasks || len(m.a.made) > maxStates {
		m.a.forget()
		m.masks = 1
	}
	out := &mask{bits: make([]uint64, (m.vocabulary.size+63)/64)}
	m.vocabulary.each(m.a, n, func(id int32, behind *node) {
		need := 1 + m.need(behind)
		if need >= endless {
			return // the vocabulary cannot write any end
		}
		out.bits[id>>6] |= 1 << (id & 63)
		out.most = max(out.most, need)
	})
	n.mask = out
	return out
}

// need is how many tokens spell a state's shortest text: of each byte the fewest from there on, from the end.
//
//	shortest text  yes"   tokens y, ye, es, s"      need of " is none, of s" 1, of es" none, of yes" 2: ye s"
func (m *Automaton) need(n *node) int {
	var path []*node // the states along the text
	for at := n; at.least > 0 && at.need == 0; at = m.a.after(at, m.letter(at)) {
		path = append(path, at)
	}
	for _, at := range slices.Backward(path) {
		m.spell(at)
	}
	return n.need
}

// spell finds the need of a state whose text's later states are known, as far as one token reaches. A first token
// that is longer than the text counts for nothing: it would write more than the shortest end.
func (m *Automaton) spell(n *node) {
	text, states := []byte{}, []*node{n}
	for at := n; at.least > 0 && len(text) < m.vocabulary.longest; {
		b := m.letter(at)
		at = m.a.after(at, b)
		text, states = append(text, b), append(states, at)
	}
	n.need = endless
	for _, length := range m.vocabulary.beginnings(string(text)) {
		n.need = min(n.need, 1+states[length].need)
	}
}

// letter is the first byte of a state's shortest text, the lowest of those that begin one. What follows it is the
// shortest text of the state behind it, so that texts and needs of the states along the way agree.
func (m *Automaton) letter(n *node) byte {
	for b := 0; !n.found && b < 256; b++ {
		if m.a.after(n, byte(b)).least == n.least-1 {
			n.first, n.found = byte(b), true
		}
	}
	return n.first
}
