package panel

import (
	"fmt"
	"io"

	"hives/internal/judge"
)

// WayFigures is the first question of level 1 as one way of choosing would have had it answered, over all voters that
// compared their answers. Every way is computed from the same stored log-probabilities, so that none need be asked for.
type WayFigures struct {
	Choose         string
	Kappa          *float64
	Right, Answers int     // on texts of known label
	Permuted       float64 // the share that would be right if each text had the label of a text at random
	Most           Share   // the choice that was named most
}

// ways is empty where no voter compared answers: an answer that was written has no other way of being read. The first
// question alone is looked at: which are asked after it hangs on how it was answered, by the way that was in force.
// Calibrated is left out for votes that have no figures under N/A.
func ways(votes []judge.Vote, in *input) (out []WayFigures) {
	for _, choose := range judge.Chooses {
		w, said, counts := WayFigures{Choose: choose}, map[string]ballot{}, map[string]int{}
		for _, v := range votes {
			s, chosen := v.Scored()
			if !chosen || parseAbout(v.Question) != (roundKey{1, ""}) || (choose == judge.Calibrated && s.Blank == nil) {
				continue
			}
			c := judge.Vote{Parsed: s.Best(choose)}.Choice()
			if said[v.Item] == nil {
				said[v.Item] = ballot{}
			}
			said[v.Item][c]++
			counts[c]++
			if truth := in.truth[v.Item]; len(truth) > 0 {
				w.Answers++
				if anyPrefix(in.known, truth, []string{c}) {
					w.Right++
				}
			}
		}
		if len(counts) == 0 {
			continue
		}
		w.Most = shares(counts)[0]
		w.Permuted = permuted(counts, in)
		w.kappa(said, in)
		out = append(out, w)
	}
	return out
}

// permuted is the mean share of right answers over all permutations of the texts' labels. It is exact, and needs no
// draws: every answer meets every text's labels equally often.
//
//	answers care 3, loyalty 1; labels care, care, loyalty     (3·2 + 1·1) of 4·3 pairs are right: .58
func permuted(counts map[string]int, in *input) float64 {
	right, pairs := 0, 0
	for c, n := range counts {
		for _, truth := range in.truth {
			pairs += n
			if anyPrefix(in.known, truth, []string{c}) {
				right += n
			}
		}
	}
	return float64(right) / float64(max(1, pairs))
}

// Chance writes the share under permuted labels, where there are labels. A way of choosing that is right no more
// often than this has learned which labels are common, and no text.
func (w WayFigures) Chance() string {
	if w.Answers == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", w.Permuted)
}

// kappa is Fleiss' κ of the way's answers: a way whose answers agree may still be one that always says the same, so it
// is shown beside what was named most. It takes the ballots in the order of the input, so that its sum has fixed bits.
func (w *WayFigures) kappa(said map[string]ballot, in *input) {
	var all []ballot
	for _, it := range in.items {
		if b := said[it.ID]; b != nil {
			all = append(all, b)
		}
	}
	if k, _, ok := Fleiss(map[string][]ballot{"": all}); ok {
		w.Kappa = &k
	}
}

// printWays shows the ways beside each other: what differs between them is no property of the texts.
func (s *Summary) printWays(w io.Writer) {
	for i, f := range s.Ways {
		if i == 0 {
			fmt.Fprintf(w, "level 1 by way of choosing\tκ\tright\tlabels permuted\tmost named\n")
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s %d\n", f.Choose, number(f.Kappa), ratio(f.Right, f.Answers), f.Chance(),
			f.Most.Name, f.Most.Count)
	}
}
