package data

import (
	"crypto/sha256"
	"errors"
	"io"
)

// distinctInMemory is how many names a Distinct holds before it sets them aside on disk: some 3 MB.
const distinctInMemory = 1 << 15

// Distinct counts different names, exactly but for collisions of 128-bit hashes, in memory that does not grow with
// their number. Its zero value is ready; Close it.
type Distinct struct {
	limit  int // of seen; 0 is distinctInMemory, tests take less
	seen   map[[16]byte]struct{}
	spread *buckets // hashes that did not fit; nil so far
}

// Add counts a name.
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
func (d *Distinct) spill() (err error) {
	if d.spread == nil {
		if d.spread, err = newBuckets(); err != nil {
			return err
		}
	}
	for h := range d.seen {
		if err := d.spread.write(int(h[0]), h[:]); err != nil { // hashes are spread evenly as they are
			return err
		}
	}
	clear(d.seen)
	return nil
}

// Count is the number of different names so far.
func (d *Distinct) Count() (int, error) {
	if d.spread == nil {
		return len(d.seen), nil
	}
	if err := d.spill(); err != nil {
		return 0, err
	}
	total := 0
	for at := range numBuckets {
		in, err := d.spread.read(at)
		if err != nil {
			return 0, err
		}
		if in == nil {
			continue
		}
		var h [16]byte
		for {
			if _, err := io.ReadFull(in, h[:]); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return 0, spoolError(err)
			}
			d.seen[h] = struct{}{}
		}
		total += len(d.seen)
		clear(d.seen)
	}
	return total, nil
}

// Close removes what was set aside.
func (d *Distinct) Close() error { return d.spread.close() }
