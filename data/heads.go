package data

import (
	"bufio"
	"container/heap"
	"io"
)

// mergeKept merges the buckets by place; each is in order already. The heap holds the next row of every bucket
// and gives the one of the lowest place: 256 rows in memory, log 256 = 8 comparisons a row.
//
//	bucket 0   0 4 9      heap 0 1 7   → 0, bucket 0 moves on to 4
//	bucket 1   1 3        heap 1 4 7   → 1, bucket 1 moves on to 3
//	bucket 2   7          heap 3 4 7   → 3, bucket 1 is at its end
//	                      heap 4 7     → 4 …
//
// Groups get their final names here and not before, since a later bucket may have joined two of them.
func (m *Merger) mergeKept(put func(*Row) error) error {
	var heads headHeap
	for at := range mergeBuckets {
		in, err := m.kept.read(at)
		if err != nil {
			return err
		}
		if in == nil {
			continue
		}
		if h := (&head{in: in}); h.next() {
			heads = append(heads, h)
		} else if h.err != nil {
			return h.err
		}
	}
	heap.Init(&heads) // at most one head a bucket: the rows themselves stay on disk
	for len(heads) > 0 {
		h := heads[0]
		h.row.Group = m.groups.find(h.row.Group)
		if err := put(&h.row); err != nil {
			return err
		}
		if h.next() {
			heap.Fix(&heads, 0)
			continue
		}
		if h.err != nil {
			return h.err
		}
		heap.Pop(&heads)
	}
	return nil
}

// head is the next row of one bucket, with the reader that the one after it comes from.
type head struct {
	in    *bufio.Reader
	place uint64
	row   Row
	err   error
}

// next moves on; false at the bucket's end or with err set. Each row is fresh: put may have kept the one before.
func (h *head) next() bool {
	h.row = Row{}
	h.place, h.err = readRow(h.in, &h.row)
	if h.err == io.EOF {
		h.err = nil
		return false
	}
	return h.err == nil
}

// headHeap orders the heads by place, as container/heap wants it.
type headHeap []*head

// The five methods of heap.Interface; the smallest place is on top.
func (h headHeap) Len() int           { return len(h) }
func (h headHeap) Less(i, j int) bool { return h[i].place < h[j].place }
func (h headHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *headHeap) Push(x any)        { *h = append(*h, x.(*head)) }
func (h *headHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}
