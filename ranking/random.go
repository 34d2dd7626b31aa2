package ranking

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"strconv"
)

// Stream returns the random numbers of one purpose: ChaCha8 whose key is the SHA-256 of purpose, seed and ids. Each
// word goes in with its length, so that ("ab", "c") and ("a", "bc") differ. A draw therefore depends on nothing but
// what it is for: not on what else a run draws, nor on threads, nor on where it was resumed.
//
//	Stream("windows", 7, "t1")      the windows of t1, whatever other texts the pool holds
//	Stream("windows", 7, "t2")      another stream altogether, not the continuation
func Stream(purpose string, seed uint64, ids ...string) *rand.Rand {
	h := sha256.New()
	write := func(word string) {
		var size [8]byte
		binary.LittleEndian.PutUint64(size[:], uint64(len(word)))
		h.Write(size[:])
		h.Write([]byte(word))
	}
	write(purpose)
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], seed)
	h.Write(number[:])
	for _, id := range ids {
		write(id)
	}
	return rand.New(rand.NewChaCha8([32]byte(h.Sum(nil))))
}

// itoa names a number among a stream's ids.
func itoa(n int) string { return strconv.Itoa(n) }
