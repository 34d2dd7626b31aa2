package samplers

import (
	"encoding/binary"
	"math/rand/v2"
)

// Domains keep the streams of unlike purposes apart under one seed.
const (
	domainEpoch   uint64 = 1 + iota // by epoch: the order of anchors
	domainBatch                     // by step: positives and negatives
	domainShuffle                   // by step: of Authors

	domainIndividual uint64 = 16 // and the purposes of an anchor part above it
	domainTheory     uint64 = 32
)

// stream returns the random numbers of one purpose and index. ChaCha8 takes the three as its key, so neighbouring
// steps have unrelated streams, which a seed of step+constant would not promise.
//
//	stream(seed, domainBatch, 120)     positives and negatives of step 120
//	stream(seed, domainEpoch, 2)       the order of anchors in epoch 2
//	stream(seed, domainTheory, 7)      the order of the theory ids in pass 7 (purposePass is 0)
//
// None of them depends on how many numbers another has used: that is what lets any step be asked for first.
func stream(seed, domain, index uint64) *rand.Rand {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[0:], seed)
	binary.LittleEndian.PutUint64(key[8:], domain)
	binary.LittleEndian.PutUint64(key[16:], index)
	return rand.New(rand.NewChaCha8(key))
}

// deck deals the cards 0..n−1 in random order and pays for the dealt ones only: a Fisher–Yates shuffle whose
// untouched places are not stored.
//
// A shuffle swaps the place drawn with the first undealt one. Of five cards, with places 3 and 3 drawn:
//
//	0 1 2 3 4   place 3 drawn: deal 3, card 0 moves there   moved {3:0}
//	· 1 2 0 4   place 3 drawn: deal 0, card 1 moves there   moved {3:1}
//
// Sixty cards of a pool of 50,000 cost sixty entries, not a list of 50,000.
type deck struct {
	rng      *rand.Rand
	n, dealt int
	moved    map[int]int // places that hold another card than their own
}

// newDeck makes room for as many cards as will probably be dealt; a map that grows meanwhile takes half of a batch's
// time.
func newDeck(rng *rand.Rand, n, dealt int) *deck {
	return &deck{rng: rng, n: n, moved: make(map[int]int, min(n, dealt))}
}

// next deals a card, or says that none is left.
func (d *deck) next() (card int, ok bool) {
	if d.dealt == d.n {
		return 0, false
	}
	place := d.dealt + d.rng.IntN(d.n-d.dealt)
	card = d.at(place)
	d.moved[place] = d.at(d.dealt)
	d.dealt++
	return card, true
}

// at is the card that lies at a place now.
func (d *deck) at(place int) int {
	if card, ok := d.moved[place]; ok {
		return card
	}
	return place
}
