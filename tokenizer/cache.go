package tokenizer

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// cacheSlots bounds the piece cache: a piece of at most smallPiece bytes and its ids take up to 376 bytes,
// so even hostile texts fill no more than 25 MB.
const cacheSlots = 1 << 16

// pieceCache remembers the ids of pieces. A piece has one slot and a newcomer takes it over, so readers and
// writers on any number of threads need no lock and memory is bounded. Most words of a text are common ones: the
// cache saves merging them again and again.
//
// Invariant: what the cache gives is what the model would give; a slot is compared by the whole piece, never by
// its hash.
type pieceCache struct {
	seed  maphash.Seed
	slots [cacheSlots]atomic.Pointer[cachedPiece]
}

// cachedPiece is never changed once it stands in a slot: readers hold it without a lock.
type cachedPiece struct {
	piece string
	ids   []int32
}

// newPieceCache takes a random seed, so nobody can prepare texts that fight for one slot. Ids do not depend
// on it.
func newPieceCache() *pieceCache { return &pieceCache{seed: maphash.MakeSeed()} }

// encode appends the ids of piece, from the cache where they are known.
func (c *pieceCache) encode(dst []int32, piece string, model model) []int32 {
	// One byte is a table look-up; long pieces hardly ever come twice.
	if len(piece) == 1 || len(piece) > smallPiece {
		return model.encode(dst, piece)
	}
	slot := &c.slots[maphash.String(c.seed, piece)%cacheSlots]
	if known := slot.Load(); known != nil && known.piece == piece {
		return append(dst, known.ids...)
	}
	start := len(dst)
	dst = model.encode(dst, piece)
	// The clone lets the text that the piece was cut from be freed.
	slot.Store(&cachedPiece{strings.Clone(piece), append([]int32(nil), dst[start:]...)})
	return dst
}
