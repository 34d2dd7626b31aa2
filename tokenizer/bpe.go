package tokenizer

import (
	"container/heap"
	"math/bits"
	"unicode/utf8"

	"hives/internal/fault"
)

// noMerge is what the merge table says of a pair that never merges; every real entry is smaller.
const noMerge = ^uint64(0)

// smallPiece is the length in bytes up to which a piece is merged by looking through all its pairs at each step,
// which is quicker than a heap for words, and up to which it is cached. Nearly all words are shorter; beyond it
// the square of the length would begin to count, and with it a text made to be slow.
const smallPiece = 64

// lacking is the id of a byte that no entry of the vocabulary stands for.
const lacking = -1

// bpe merges the bytes of one piece. It is immutable once built.
//
// With the merges h e, l l, he ll, hell o in this order, "hello" is encoded as
//
//	h e l l o      rank 0: h e
//	he l l o       rank 1: l l
//	he ll o        rank 2: he ll
//	hell o         rank 3: hell o
//	hello          no pair left: one id
//
// The order is by rank, not from left to right and not by length: another order gives other ids, which the model
// has never seen.
//
// Invariant: encode, merge and encodeLong give the same ids for every piece (a twin that merges lists of strings
// holds them).
type bpe struct {
	byteID [256]int32 // lacking for bytes without an entry
	byteOf map[rune]byte
	gaps   bool // some byte has none
	merges pairTable
	whole  map[string]int32 // ignore_merges: pieces that are entries as they stand; else nil

	bytes   map[int32]int // that an id of byteID or merges stands for
	longest int           // bytes of the longest entry
}

// newBPE resolves merges to ids. A byte without an entry is dropped, unless the file names an unknown token for it:
// SmolLM2's vocabulary lacks six control characters and two bytes of planes that nobody uses.
func newBPE(m *fileModel) (*bpe, error) {
	b := &bpe{merges: newPairTable(len(m.Merges)), byteOf: make(map[rune]byte, 256), bytes: make(map[int32]int,
		len(m.Merges)+256), longest: 1}
	for i, r := range byteRunes() {
		id, ok := m.Vocab[string(r)]
		switch {
		case !ok && m.UnkToken != nil:
			return nil, fault.New(fault.Corrupt, "model.vocab has no entry for byte %d (%q)", i, r)
		case !ok:
			id, b.gaps = lacking, true
		}
		b.byteID[i], b.bytes[id], b.byteOf[r] = id, 1, byte(i)
	}
	// The order of the list is the priority: the first merge has rank 0.
	for rank, pair := range m.Merges {
		left, okLeft := m.Vocab[pair[0]]
		right, okRight := m.Vocab[pair[1]]
		id, ok := m.Vocab[pair[0]+pair[1]]
		if !okLeft || !okRight || !ok {
			return nil, fault.New(fault.Corrupt, "model.merges[%d] %q needs an entry that model.vocab lacks", rank, pair)
		}
		b.merges.set(left, right, rank, id)
		b.bytes[id] = utf8.RuneCountInString(pair[0] + pair[1]) // a character of the file is a byte
	}
	for entry := range m.Vocab {
		b.longest = max(b.longest, utf8.RuneCountInString(entry))
	}
	if m.IgnoreMerges {
		b.whole = make(map[string]int32, len(m.Vocab))
		for entry, id := range m.Vocab {
			if piece, ok := entryBytes(entry, b.byteOf); ok {
				b.whole[piece] = id
			}
		}
	}
	return b, nil
}

// encode appends the ids of piece: again and again the pair of lowest rank merges, the leftmost of equals.
func (b *bpe) encode(dst []int32, piece string) []int32 {
	if id, ok := b.whole[piece]; ok {
		return append(dst, id)
	}
	if b.gaps {
		piece = b.known(piece)
	}
	return b.merge(dst, piece)
}

// merge is encode for a piece that is no entry as it stands and whose bytes all have one. ids[i] and pair[i]
// describe the i-th token and its pair with the next; after a merge only two pairs are new, so only two are
// looked up.
func (b *bpe) merge(dst []int32, piece string) []int32 {
	if len(piece) > smallPiece {
		return b.encodeLong(dst, piece)
	}
	// Both rows live on the stack; only the first n (and n−1) values count.
	var ids [smallPiece]int32
	var pair [smallPiece]uint64 // rank<<32 | id of the merge with the right neighbour
	n := len(piece)
	for i := range n {
		ids[i] = b.byteID[piece[i]]
	}
	for i := range n - 1 {
		pair[i] = b.merges.find(ids[i], ids[i+1])
	}
	for n > 1 {
		best, at := noMerge, 0
		for i, p := range pair[:n-1] {
			if p < best {
				best, at = p, i
			}
		}
		if best == noMerge {
			break
		}
		n--
		// The merged id takes the left place, the rest moves up by one, and two pairs are new.
		ids[at] = int32(uint32(best))
		copy(ids[at+1:n], ids[at+2:n+1])
		copy(pair[at:n-1], pair[at+1:n])
		if at < n-1 {
			pair[at] = b.merges.find(ids[at], ids[at+1])
		}
		if at > 0 {
			pair[at-1] = b.merges.find(ids[at-1], ids[at])
		}
	}
	return append(dst, ids[:n]...)
}

// known drops the bytes that have no entry, as the library does where a file names no unknown token: what stood
// on both sides may then merge.
func (b *bpe) known(piece string) string {
	for i := range len(piece) {
		if b.byteID[piece[i]] != lacking {
			continue
		}
		kept := []byte(piece[:i])
		for _, c := range []byte(piece[i:]) {
			if b.byteID[c] != lacking {
				kept = append(kept, c)
			}
		}
		return string(kept)
	}
	return piece
}

// encodeLong does the same in n log n: candidates wait in a heap, and one whose pair has changed since is known
// by its rank. A heap cannot take out a candidate in its middle, so outdated ones stay and are passed over when
// they come up; each merge puts in two, so there are at most 3n in all.
func (b *bpe) encodeLong(dst []int32, piece string) []int32 {
	// A doubly linked list over byte positions: a merge keeps the left position and drops the right one,
	// whose id becomes −1. Positions never move, so those in the heap stay good.
	n := len(piece)
	ids, next, prev := make([]int32, n), make([]int32, n), make([]int32, n)
	for i := range n {
		ids[i], next[i], prev[i] = b.byteID[piece[i]], int32(i+1), int32(i-1)
	}
	rankAt := func(i int32) uint64 {
		if i < 0 || ids[i] < 0 || int(next[i]) >= n {
			return noMerge
		}
		return b.merges.find(ids[i], ids[next[i]])
	}
	var waiting rankHeap
	push := func(i int32) {
		if found := rankAt(i); found != noMerge {
			heap.Push(&waiting, found&^0xFFFFFFFF|uint64(i))
		}
	}
	for i := range int32(n) {
		push(i)
	}
	for len(waiting) > 0 {
		top := heap.Pop(&waiting).(uint64)
		i := int32(uint32(top))
		found := rankAt(i)
		// A pair that changed since has another rank; were it equal, the pair would be the same one.
		if found == noMerge || found>>32 != top>>32 {
			continue
		}
		gone := next[i]
		ids[i], ids[gone], next[i] = int32(uint32(found)), -1, next[gone]
		if int(next[i]) < n {
			prev[next[i]] = i
		}
		push(i)
		push(prev[i])
	}
	for i := int32(0); int(i) < n; i = next[i] {
		dst = append(dst, ids[i])
	}
	return dst
}

// rankHeap holds rank<<32 | position, so that the leftmost of equal ranks comes first.
type rankHeap []uint64

func (h rankHeap) Len() int           { return len(h) }
func (h rankHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h rankHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *rankHeap) Push(x any)        { *h = append(*h, x.(uint64)) }
func (h *rankHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// pairTable maps two ids to rank<<32 | merged id by open addressing; at most half of its slots are used. The key
// is one number, the table never grows and nothing is ever removed, so the plainest kind of table will do.
type pairTable struct {
	slots []struct{ key, value uint64 }
	shift int
}

// newPairTable makes room for n merges.
func newPairTable(n int) pairTable {
	size := bits.Len(uint(2*n + 1))
	t := pairTable{slots: make([]struct{ key, value uint64 }, 1<<size), shift: 64 - size}
	for i := range t.slots {
		t.slots[i].value = noMerge
	}
	return t
}

// slot returns where the pair is, or where it belongs: its hashed place or, where that is taken, the next ones in
// turn. It ends, since half of the slots are empty.
func (t *pairTable) slot(key uint64) int {
	i := int(key * 0x9E3779B97F4A7C15 >> t.shift) // Fibonacci hashing
	for t.slots[i].value != noMerge && t.slots[i].key != key {
		i = (i + 1) & (len(t.slots) - 1)
	}
	return i
}

// find returns rank<<32 | merged id, or noMerge.
func (t *pairTable) find(a, b int32) uint64 {
	return t.slots[t.slot(uint64(a)<<32|uint64(b))].value
}

// set stores a merge; of a pair given twice the later one holds.
func (t *pairTable) set(a, b int32, rank int, id int32) {
	key := uint64(a)<<32 | uint64(b)
	i := t.slot(key)
	t.slots[i].key, t.slots[i].value = key, uint64(rank)<<32|uint64(id)
}
