package data

import (
	"io"
	"slices"

	"hives/data/theories"
)

// mergeInMemory is how many rows a Merger holds before it sets them aside on disk: some 30 MB of short texts.
const mergeInMemory = 1 << 15

// mergeBuckets parts the rows that do not fit: one bucket is in memory at a time, 1/256 of the whole.
const mergeBuckets = 256

// Merger is Dedupe for rows that need not fit in memory: the same rows in the same order come out, to the byte.
// Add every row, then Finish, then Each; Close removes the temporary files.
//
// Duplicates and contradictions are matters of one text, so rows are dealt to buckets by their text's id and each
// bucket goes through Dedupe by itself; what is left is merged in the order of first appearance. Only the groups
// that merged rows have in common cross buckets: their names stay in memory.
//
// Six rows, "A care" being text A with the value care, and two buckets:
//
//	place   row       bucket                Finish leaves     Each gives
//	  0     A care      0    0 A care         0 A care          0 A care
//	  1     B care      1    1 B care         1 B care          1 B care
//	  2     A care      0    2 A care         –  (repeats 0)
//	  3     B duty      1    3 B duty         3 B duty          3 B duty
//	  4     C care      0    4 C care         4 C care          4 C care
//	  5     B care      1    5 B care         –  (repeats 1)
//
// Why the bytes are those of Dedupe: what happens to a row depends on the rows of its text alone, and all of
// these are in one bucket in the order in which they came; the first row of a label keeps its place; the places
// put the buckets together again. The account adds up for the same reason. That of joined groups does too,
// whatever the order of the buckets: each join that counts makes one component of two, and in the end the
// components are the same.
//
// Invariant: all rows of a text are in one bucket.
// Invariant: a bucket of kept is in ascending order of places, so a merge of the buckets' heads gives the whole
// order.
// Invariant: memory holds one bucket, one head a bucket, and the names of joined groups, never all rows.
type Merger struct {
	known  theories.Set // of the rows
	limit  int          // rows in memory before the disk is used; tests take less
	held   []Row        // all rows, as long as they are few
	places uint64       // rows added so far
	spread *buckets     // rows with their places, by text; nil as long as they are held
	kept   *buckets     // what Finish left of each bucket of spread, in the order of places
	groups *components
	extra  map[string]bool
	stats  DedupeStats
	texts  int
	group  Distinct
	buffer []byte // one row as bytes, used again and again

	files []string // that rows are from
	at    origin   // of the rows that are added
	from  []origin // [len(held)]
	left  []placed
}

// origin is where a row stands.
type origin struct{ file, row int }

// NewMerger returns an empty Merger for rows that were read with the theories known.
func NewMerger(known theories.Set) *Merger {
	return &Merger{known: known, limit: mergeInMemory, groups: newComponents(), extra: map[string]bool{}}
}

// From says where the rows that are added next stand: LeftOut names them so. A file is one entry however many
// rows it has.
func (m *Merger) From(file string, row int) {
	if n := len(m.files); n == 0 || m.files[n-1] != file {
		m.files = append(m.files, file)
	}
	m.at = origin{len(m.files) - 1, row}
}

// Add takes a row; the Merger keeps its strings.
func (m *Merger) Add(r *Row) error {
	if m.files == nil {
		m.From("", 0)
	}
	if m.spread == nil {
		m.from = append(m.from, m.at)
		if m.held = append(m.held, *r); len(m.held) < m.limit {
			return nil
		}
		return m.spill()
	}
	return m.deal(r, m.at)
}

// spill begins to use the disk: from now on rows go there one by one. The rows held so far go first, in their
// order, so that places are the same as if the disk had been used from the start.
func (m *Merger) spill() error {
	m.spread = newBuckets(mergeBuckets)
	for i := range m.held {
		if err := m.deal(&m.held[i], m.from[i]); err != nil {
			return err
		}
	}
	m.held, m.from = nil, nil
	return nil
}

// deal sets a row aside with its origin and its place among all rows, in the bucket of its text.
func (m *Merger) deal(r *Row, from origin) error {
	m.buffer = appendRow(appendOrigin(m.buffer[:0], from), m.places, r)
	m.places++
	return m.spread.write(m.spread.of(r.TextID), m.buffer)
}

// Finish decides which rows are left and returns the account of it. Nothing can be given out before the last row
// is in: a contradiction, or a row that joins two groups, may be the last.
func (m *Merger) Finish() (DedupeStats, error) {
	if m.spread == nil {
		rows := m.held
		d := newDeduper(rows, m.known, m.groups)
		m.remember(d, rows, func(i int) (uint64, origin) { return uint64(i), m.from[i] })
		m.held, m.stats = d.settled(), d.stats
		m.note(m.held)
		return m.stats, nil
	}
	m.kept = newBuckets(mergeBuckets)
	for at := range mergeBuckets {
		if err := m.dedupeBucket(at); err != nil {
			return m.stats, err
		}
	}
	return m.stats, nil
}

// dedupeBucket sends one bucket through Dedupe's rules and sets what is left aside, in the order of its places.
func (m *Merger) dedupeBucket(at int) error {
	in, err := m.spread.read(at)
	if err != nil || in == nil {
		return err
	}
	// Both slices are gone before the next bucket is read; this is the memory that a Merger needs.
	var rows []Row
	var places []uint64 // [len(rows)]
	var from []origin   // [len(rows)]
	for {
		var r Row
		place, o, err := readPlaced(in, &r)
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		rows, places, from = append(rows, r), append(places, place), append(from, o)
	}
	d := newDeduper(rows, m.known, m.groups) // joins groups across buckets, so no row may leave before the last bucket
	m.stats.add(d.stats)
	m.remember(d, rows, func(i int) (uint64, origin) { return places[i], from[i] })
	m.note(d.out)
	for i := range d.out {
		m.buffer = appendRow(m.buffer[:0], places[d.from[i]], &d.out[i])
		if err := m.kept.write(at, m.buffer); err != nil {
			return err
		}
	}
	return m.spread.drop(at) // its disk is free before the next bucket is written
}

// remember keeps where the rows stand that were left out; of gives the place and origin of a row by its number in
// rows.
func (m *Merger) remember(d *deduper, rows []Row, of func(i int) (uint64, origin)) {
	for _, g := range d.gone {
		place, from := of(g.at)
		m.left = append(m.left, placed{place, newLeftOut(&rows[g.at], m.known, m.files[from.file], from.row, g.reason)})
	}
}

// LeftOut names the rows that Finish left out, in the order in which they were added.
func (m *Merger) LeftOut() []LeftOut { return byPlace(m.left) }

// note counts the texts and names the extra columns of rows that are left and have every row of their texts.
func (m *Merger) note(rows []Row) {
	seen := make(map[string]struct{}, len(rows))
	for i := range rows {
		seen[rows[i].TextID] = struct{}{}
		for name := range rows[i].Extra {
			m.extra[name] = true
		}
	}
	m.texts += len(seen)
}

// Each gives the rows that are left in the order of their first appearance. It may be called once, after Finish.
func (m *Merger) Each(put func(*Row) error) error {
	// Groups are counted here, not while they are dealt: joins may have made one of several.
	give := func(r *Row) error {
		if err := m.group.Add(r.Group); err != nil {
			return err
		}
		return put(r)
	}
	if m.kept != nil {
		return m.mergeKept(give)
	}
	for i := range m.held {
		if err := give(&m.held[i]); err != nil {
			return err
		}
	}
	return nil
}

// Extra lists the columns of Row.Extra of the rows that are left, sorted.
func (m *Merger) Extra() []string {
	names := make([]string, 0, len(m.extra))
	for name := range m.extra {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Counts returns the different texts and groups of the rows that Each gave.
func (m *Merger) Counts() (texts, groups int, err error) {
	groups, err = m.group.Count()
	return m.texts, groups, err
}

// Close removes the temporary files.
func (m *Merger) Close() {
	m.held, m.from = nil, nil
	m.spread.close()
	m.kept.close()
	m.group.Close()
}
