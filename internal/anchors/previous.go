package anchors

import (
	bank "hives/data/anchors"
	"hives/internal/fault"
)

// heed carries over what people said of the previous bank: clusters that continue a rejected anchor are left out,
// and the sentences that were let stand are returned by id. It counts the ids that were kept. A decision is of
// the cluster, not of the sentence it had: that is why ids are matched by texts.
//
//	previous    3 accepted "One keeps a word."    4 "Elders first."    5 rejected
//	clusters    continue 3        continue 4        continue 5       new
//	this bank   3, that sentence  4, made anew      –                6
func (b *Built) heed(all *[]*cluster, ids *[]int32, previous *bank.Bank) (map[int32]bank.Anchor, error) {
	if previous == nil {
		return nil, nil
	}
	list, err := previous.Rejected()
	if err != nil {
		return nil, err
	}
	gone := make(map[int32]bool, len(list))
	for _, r := range list {
		gone[r.ID] = true
	}
	// Clusters and ids are filtered side by side: they belong together by their place.
	at, said := previous.Positions(), map[int32]bank.Anchor{}
	var clusters []*cluster
	var left []int32
	// Three fates: a rejected anchor's cluster goes; a known one keeps its id, and its sentence if people let it
	// stand; a new one is as any first build would have it.
	for i, id := range *ids {
		if gone[id] {
			b.Report.Rejected++
			continue
		}
		clusters, left = append(clusters, (*all)[i]), append(left, id)
		if place, ok := at[id]; ok {
			b.Report.Kept++
			if a := previous.Anchors[place]; a.Reviewed() {
				said[id] = a
			}
		}
	}
	if len(clusters) == 0 {
		return nil, fault.New(fault.Invalid, "anchors: all %d clusters were rejected in the review of the previous bank; "+
			"build without --previous", len(*ids))
	}
	*all, *ids, b.Report.Anchors, b.Report.Reviewed = clusters, left, len(clusters), len(said)
	return said, nil
}

// remember hands the list of rejected anchors down. Without it the second rebuild would bring back what the first
// left out.
func (b *Built) remember(previous *bank.Bank) error {
	if previous == nil {
		return nil
	}
	list, err := previous.Rejected()
	if err != nil {
		return err
	}
	return b.Bank.Reject(list...)
}
