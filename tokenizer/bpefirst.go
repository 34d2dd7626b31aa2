package tokenizer

// encodeFirst appends at least the first want ids of a piece, or all if there are fewer, and does not read much more of
// it than that takes. Of an open piece, which is the beginning of a longer one, it appends only ids that the longer one
// has too.
func (b *bpe) encodeFirst(dst []int32, piece string, want int, open bool) []int32 {
	if want < len(piece) {
		for size := 4 * (want + b.longest); size < len(piece); size *= 2 {
			if out := b.encodeOpen(dst, piece[:size]); len(out)-len(dst) >= want {
				return out
			}
		}
	}
	if open {
		return b.encodeOpen(dst, piece)
	}
	return b.encode(dst, piece)
}

// fewTries is at how many of its last tokens encodeOpen looks for a place that nothing can change.
const fewTries = 32

// encodeOpen appends ids that every piece which begins with head begins with: those up to a place that no merge can
// cross, whatever follows. It appends none if it finds no such place.
//
// Let a token of head's own encoding end at a place. If no merge crosses that place in a longer piece, left and
// right of it merge as they would alone, so the ids up to there are those of head. Whether one does is a matter
// of the token u on its left and the token v that the right part, alone, begins with: until the first crossing
// merge each side does what it does alone, and in that, u's bytes and v's merge among themselves only. So a merge
// crosses in the piece if and only if one crosses in the encoding of u's and v's bytes together. v is not known,
// but its bytes are some of the next ones, no more than the longest entry has: all lengths are tried.
func (b *bpe) encodeOpen(dst []int32, head string) []int32 {
	if b.gaps {
		head = b.known(head)
	}
	start := len(dst)
	dst = b.merge(dst, head)
	at, tries := len(head), fewTries
	for n := len(dst) - 1; n > start && tries > 0; n-- {
		if at -= b.bytes[dst[n]]; len(head)-at < b.longest {
			continue
		}
		tries--
		if b.parts(head[at-b.bytes[dst[n-1]]:at], head[at:at+b.longest]) {
			return dst[:n]
		}
	}
	return dst[:start]
}

// parts tells whether no merge crosses the end of left, whatever part of right is the token that follows: the
// encoding of both together must have a border there, for each length that the token may have.
func (b *bpe) parts(left, right string) bool {
	var ids []int32
	for n := 1; n <= len(right); n++ {
		ids = b.merge(ids[:0], left+right[:n])
		at := 0
		for i := 0; at < len(left); i++ {
			at += b.bytes[ids[i]]
		}
		if at != len(left) {
			return false
		}
	}
	return true
}
