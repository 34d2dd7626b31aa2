package data

import (
	"crypto/sha256"
	"io"
)

// distinctInMemory is how many names a Distinct holds before it sets them aside on disk: some 3 MB.
const distinctInMemory = 1 << 15

// distinctBuckets is how many files the hashes go to: few, since a card has a Distinct for each corpus.
const distinctBuckets = 32

// Distinct counts different names, exactly but for collisions of 128-bit hashes, in memory that does not grow
// with their number. Its zero value is ready; Close it.
//
// It is a bucket sort of hashes: what does not fit is dealt to files by hash, and each file is counted as a set
// by itself. Counting holds 1/32 of the different names in memory, of a million 31,250.
type Distinct struct {
	limit  int // of seen; 0 is distinctInMemory, tests take less
	seen   map[[16]byte]struct{}
	spread *buckets // hashes that did not fit; nil so far
}

// Add counts a name. Names that were set aside are not looked up again: one that comes back is set aside twice,
// and Count takes it once.
func (d *Distinct) Add(name string) error {
	if d.limit == 0 {
		d.limit = distinctInMemory
	}
	if d.seen == nil {
		d.seen = make(map[[16]byte]struct{})
	}
	sum := sha256.Sum256([]byte(name))
	d.seen[[16]byte(sum[:16])] = struct{}{}
	if len(d.seen) < d.limit {
		return nil
	}
	return d.spill()
}

// spill deals the hashes in memory to the buckets. Their order is a map's, which no count depends on.
func (d *Distinct) spill() error {
	if d.spread == nil {
		d.spread = newBuckets(distinctBuckets)
	}
	for h := range d.seen {
		if err := d.spread.write(int(h[0])%distinctBuckets, h[:]); err != nil { // hashes are spread evenly as they are
			return err
		}
	}
	clear(d.seen)
	return nil
}

// Count is the number of different names so far. More names may be added afterwards, and Count be asked again.
func (d *Distinct) Count() (int, error) {
	if d.spread == nil {
		return len(d.seen), nil
	}
	if err := d.spill(); err != nil {
		return 0, err
	}
	total := 0
	for at := range distinctBuckets {
		in, err := d.spread.read(at)
		if err != nil {
			return 0, err
		}
		if in == nil {
			continue
		}
		if err := d.readBack(in); err != nil {
			return 0, err
		}
		total += len(d.seen) // equal hashes share a bucket, so nothing is counted in two
		clear(d.seen)
	}
	return total, nil
}

// readBack puts the hashes of one bucket into memory, each once.
func (d *Distinct) readBack(in io.Reader) error {
	var h [16]byte
	for {
		_, err := io.ReadFull(in, h[:])
		if err == io.EOF { // between two hashes; inside one it is another error
			return nil
		}
		if err != nil {
			return spoolError(err)
		}
		d.seen[h] = struct{}{}
	}
}

// Close removes what was set aside.
func (d *Distinct) Close() { d.spread.close() }
