package anchors

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"hives/data"
	bank "hives/data/anchors"
	"hives/internal/fault"
	"hives/internal/kmeans"
)

// number gives every cluster its id and returns the ids and the next free one. Without a previous bank the
// clusters are numbered from 0 in the order of their digests. With one, each takes the id of the anchor it
// continues, and the others follow after every id that was ever given.
//
//	previous bank   ids 0 1 4, next 6 (5 was rejected)
//	clusters        A is near 4, B near 5, C near none
//	ids             A 4, B 5, C 6; next 7. heed then leaves B out, as people asked.
//
// Rows on disk name anchors by id, so an id that moved would give a row another sentence.
//
// Invariant: an id is never given to two clusters, and one that was retired is never given again.
func number(p kmeans.Points, texts []Text, all []*cluster, previous *bank.Bank, match float64) (ids []int32, next int32,
	err error) {
	// The order of digests is that of the texts' ids: it does not depend on how k-means numbered its centres.
	slices.SortFunc(all, func(a, b *cluster) int {
		x, y := a.digest(texts), b.digest(texts)
		return bytes.Compare(x[:], y[:])
	})
	ids = make([]int32, len(all))
	for i := range ids {
		ids[i] = bank.None
	}
	if previous != nil {
		if next, err = nextID(previous); err != nil {
			return nil, 0, err
		}
		earlier, err := known(previous)
		if err != nil {
			return nil, 0, err
		}
		for _, pair := range continued(p, texts, all, earlier, match) {
			ids[pair.cluster] = pair.id
		}
	}
	for i := range ids {
		if ids[i] == bank.None {
			ids[i] = next
			next++
		}
	}
	return ids, next, nil
}

// nextID is one above every id that the bank or its forerunners gave away. Three witnesses are asked, since banks of
// earlier versions lack the last: its own ids, its rejected ones, what it noted.
func nextID(previous *bank.Bank) (int32, error) {
	rejected, err := previous.Rejected()
	if err != nil {
		return 0, err
	}
	next := previous.Anchors[len(previous.Anchors)-1].ID + 1
	for _, r := range rejected {
		next = max(next, r.ID+1)
	}
	stored := previous.Meta[metaNextID]
	if stored == "" {
		return next, nil
	}
	n, err := strconv.ParseInt(stored, 10, 32)
	if err != nil {
		return 0, fault.New(fault.Corrupt, "anchors: the previous bank's next id is no number")
	}
	return max(next, int32(n)), nil
}

// known lists what a cluster can continue: the bank's anchors and those that its reviews took out. Of both the
// exemplars are known, which is all that matching needs.
func known(previous *bank.Bank) ([]bank.Rejected, error) {
	out, err := previous.Rejected()
	for _, a := range previous.Anchors {
		out = append(out, bank.Rejected{ID: a.ID, Exemplars: a.Exemplars})
	}
	return out, err
}

// pair says that a cluster goes on with an anchor. Several may claim one cluster or one id until continued has
// chosen.
type pair struct {
	cluster int
	id      int32
	cosine  float64
}

// continued matches clusters with earlier anchors one to one, the nearest pairs first. An earlier anchor is the
// mean of its exemplars as the present embedder sees them, so banks of different embedders compare; one whose
// exemplars are all gone is matched by none. Nearest first is greedy and enough: a cluster that two anchors claim
// goes to the nearer, and the other looks for its next best.
//
//	cosines       cluster A   cluster B        with match .9
//	anchor 4      .98         .95              4 goes on in A
//	anchor 5      .97         .91              5 would rather have A, and gets B
//	anchor 6      .93         .80              6 has nobody left: it is retired
func continued(p kmeans.Points, texts []Text, all []*cluster, earlier []bank.Rejected, match float64) []pair {
	// A text may be known by an earlier id; its present one is entered last and so wins where the two collide.
	at := make(map[string]int, len(texts))
	for i := range texts {
		at[data.EarlierTextID(texts[i].Text)] = i // as an older bank names it
	}
	for i := range texts {
		at[texts[i].ID] = i
	}
	var pairs []pair
	for _, a := range earlier {
		old := &cluster{}
		for _, id := range a.Exemplars {
			if i, ok := at[id]; ok {
				old.members = append(old.members, i)
			}
		}
		old.recentre(p)
		for c := range all {
			if cosine := dot(old.centre, all[c].centre); len(old.members) > 0 && cosine >= match {
				pairs = append(pairs, pair{c, a.ID, cosine})
			}
		}
	}
	// From the nearest pair on, each id and each cluster is taken once.
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.cosine, a.cosine) })
	taken, kept := map[int32]bool{}, map[int]bool{}
	return slices.DeleteFunc(pairs, func(x pair) bool {
		if taken[x.id] || kept[x.cluster] {
			return true
		}
		taken[x.id], kept[x.cluster] = true, true
		return false
	})
}
