package anchors

import (
	"context"
	"fmt"
	"path/filepath"

	bank "hives/data/anchors"
	"hives/data/theories"
	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/kmeans"
)

// Options of a build. Rows, HeldOut, NotFor and Previous are what it reads; the others, with the seed in KMeans,
// are what the bank's bytes depend on beside them.
//
//	hives anchors build --rows train.parquet --model DIR     Rows; the embedder is Build's own argument
//	--not-for runs/stage1/final                              NotFor: its weights' SHA-256
type Options struct {
	Rows     string       // training rows
	HeldOut  []string     // files that may share neither text nor group with them
	NotFor   []string     // digests of weights that the bank is to train
	Previous string       // bank whose ids are kept; may be empty
	Theories theories.Set // of the rows; the zero Set is the built-in four

	KMeans       kmeans.Options
	Exemplars    int // most exemplars of a cluster
	MinExemplars int // clusters with fewer are dropped

	// Distances are 1 − cosine, in units of the spread: the mean distance of two texts. A trained space can
	// be as narrow as .1, where no cosine would mean what it means elsewhere.
	Merge float64 // clusters whose centres are no further apart are one
	Match float64 // furthest that a cluster may be from the earlier anchor it continues

	Summariser Summariser // nil takes the medoid's text
}

// Defaults are those of the command: at 13,020 texts some 26 a cluster before merging.
func Defaults() Options {
	return Options{KMeans: kmeans.Defaults(500), Exemplars: 10, MinExemplars: 5, Merge: .02, Match: .1}
}

// batchAbove is the number of texts beyond which mini-batches are the better bargain: at 500 centres and 1,024
// dimensions one pass over as many takes minutes on two cores. batchSize rows go into one of them.
const batchAbove, batchSize = 200_000, 8192

// chooseBatch takes mini-batches for n texts where the caller has not. A negative number asks for whole passes,
// whatever n: the last line makes it the 0 that k-means knows.
func (o *Options) chooseBatch(n int) {
	if o.KMeans.BatchSize == 0 && n > batchAbove {
		o.KMeans.BatchSize = batchSize
	}
	o.KMeans.BatchSize = max(o.KMeans.BatchSize, 0)
}

// validate refuses options that no bank could satisfy.
func (o *Options) validate() error {
	switch {
	case o.MinExemplars < 1 || o.Exemplars < o.MinExemplars:
		return fault.New(fault.Invalid, "anchors: %d to %d exemplars; want at least 1, and no fewer at most than at least",
			o.MinExemplars, o.Exemplars)
	case !(o.Merge >= 0 && o.Merge < 1):
		return fault.New(fault.Invalid, "anchors: a merging distance of %v spreads is not in [0, 1)", o.Merge)
	case !(o.Match >= 0 && o.Match < 1):
		return fault.New(fault.Invalid, "anchors: a matching distance of %v spreads is not in [0, 1)", o.Match)
	}
	return nil
}

// Report accounts for a build: Clusters − Merged − Small − Rejected = Anchors, so that every cluster is
// somewhere.
//
// Of the corpora at hand: 500 − 276 − 35 − 0 = 189.
type Report struct {
	Rows      int       `json:"rows"`
	Texts     int       `json:"texts"`
	Clusters  int       `json:"clusters"`     // that k-means found
	Merged    int       `json:"merged_away"`  // clusters that became part of another
	Small     int       `json:"dropped"`      // clusters with too few exemplars
	Lost      int       `json:"dropped_rows"` // texts in them
	Anchors   int       `json:"anchors"`
	Kept      int       `json:"ids_kept"` // ids taken over from the previous bank
	Medoids   int       `json:"medoids"`  // sentences that are the medoid's text
	Reviewed  int       `json:"reviewed"` // sentences that a review of the previous bank let stand
	Rejected  int       `json:"rejected"` // clusters left out, since a review rejected the anchor they continue
	Cost      float64   `json:"cost"`     // Σ |x−c|² of the best restart
	Costs     []float64 `json:"costs"`
	Passes    int       `json:"passes"`
	Spread    float64   `json:"spread"` // mean of 1 − cosine over all pairs of texts
	BatchSize int       `json:"batch_size"`
}

// Built is a bank with what the page draws. corpus, points and details are kept for the page and the review; the bank
// alone is written.
type Built struct {
	Bank   *bank.Bank
	Report Report

	corpus  *Corpus
	points  kmeans.Points
	details []Detail
}

// Build makes a bank of the rows with the embedder. The order is that of cost: what can be refused by reading is
// refused before the first text is embedded, and no sentence is asked for before the clusters stand.
//
//	rows         25,661 → 13,020 distinct texts, in the order of their ids
//	embed        [13020, d] unit vectors, and the spread of the space
//	k-means      500 clusters
//	group        276 merged away, 35 dropped: 189        (the figures are those of docs/ANCHORS.md)
//	number       ids, kept from an earlier bank where clusters go on
//	heed, fill   what people decided, then a sentence each
//
// Nothing is written: RunBuild writes bank and page when both are whole. Errors name the option that would help.
func Build(ctx context.Context, enc encoder.Encoder, o Options) (*Built, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	previous, corpus, err := o.read()
	if err != nil {
		return nil, err
	}
	b := &Built{corpus: corpus}
	o.chooseBatch(len(corpus.Texts))
	texts := corpus.Texts
	if len(texts) < o.KMeans.K { // said before hours of embedding
		return nil, fault.New(fault.Invalid, "anchors: %d texts are fewer than the %d clusters asked for; lower --k",
			len(texts), o.KMeans.K)
	}
	var id encoder.Identity
	b.points, id, err = embed(ctx, enc, len(texts), func(i int) string { return texts[i].Text }, refuseWeights(o.NotFor))
	if err != nil {
		return nil, err
	}
	if b.Report.Spread = spread(b.points); b.Report.Spread < minSpread {
		return nil, fault.New(fault.Invalid, "anchors: the embedder tells no text from another (mean distance %.3g); "+
			"take another one", b.Report.Spread)
	}
	fit, err := kmeans.Fit(ctx, b.points, o.KMeans)
	if err != nil {
		return nil, err
	}
	b.account(fit, o)
	all := b.group(fit, o)
	// With one anchor InfoNCE has nothing to tell apart: its loss is 0 for any vector.
	if len(all) < 2 {
		return nil, fault.New(fault.Invalid, "anchors: %d of %d clusters are left after merging those within %.3g spreads "+
			"and dropping those with fewer than %d exemplars; lower --k or --merge, or take another embedder",
			len(all), b.Report.Clusters, o.Merge, o.MinExemplars)
	}
	// Distances become cosines here: what was asked in spreads is 1 − share · spread.
	ids, next, err := number(b.points, texts, all, previous, 1-o.Match*b.Report.Spread)
	if err != nil {
		return nil, err
	}
	said, err := b.heed(&all, &ids, previous)
	if err != nil {
		return nil, err
	}
	if err := b.fill(ctx, all, ids, said, o); err != nil {
		return nil, err
	}
	if err := b.describe(id, next, o); err != nil {
		return nil, err
	}
	return b, b.remember(previous)
}

// read opens what a build needs before the first text is embedded. Held-out files are read in full: one shared
// text ends the build.
func (o *Options) read() (previous *bank.Bank, corpus *Corpus, err error) {
	if o.Previous != "" {
		if previous, err = bank.Read(o.Previous, o.Theories); err != nil {
			return nil, nil, err
		}
		if previous.Anchors[0].Bank != bank.Theory {
			return nil, nil, fault.New(fault.Mismatch, "anchors: %s is the %s bank, not the theory bank", o.Previous,
				previous.Anchors[0].Bank)
		}
	}
	if corpus, err = ReadCorpus(o.Rows, o.Theories); err != nil {
		return nil, nil, err
	}
	for _, path := range o.HeldOut {
		if err := corpus.CheckHeldOut(path); err != nil {
			return nil, nil, err
		}
	}
	return previous, corpus, nil
}

// account notes what k-means did. Costs of all restarts stand in it: when they differ much, another seed may find a
// better space.
func (b *Built) account(fit *kmeans.Result, o Options) {
	r := &b.Report
	r.Rows, r.Texts = b.corpus.Rows, len(b.corpus.Texts)
	r.Cost, r.Costs, r.Passes, r.BatchSize = fit.Cost, fit.Costs, fit.Passes, o.KMeans.BatchSize
}

// minSpread is what float32 vectors can still resolve into clusters.
const minSpread = 1e-4

// spread is the mean of 1 − cosine over all pairs of rows, from |Σ x|² = N + Σ_{i≠j} cos(i, j). It is what
// distances are given in: .02 spreads mean the same in a narrow space and in a wide one.
//
//	three unit vectors, two alike and one at right angles: |Σx|² = 2² + 1² = 5, N = 3
//	mean cosine (5 − 3)/(3·2) = 1/3, spread 2/3; pair by pair: distances 0, 1, 1
//
// One pass over the rows instead of N²/2 products.
func spread(p kmeans.Points) float64 {
	sum := make([]float64, p.D)
	squares := 0.0 // N, but for rounding
	for i := range p.N {
		for j, x := range p.Row(i) {
			sum[j] += float64(x)
			squares += float64(x) * float64(x)
		}
	}
	n := float64(p.N)
	return 1 - (dot(sum, sum)-squares)/max(n*(n-1), 1)
}

// group merges near-duplicates, chooses exemplars and drops clusters with too few. A dropped cluster's texts go to no
// other: assignment finds the nearest anchor for every text later. Merging comes before dropping, so two small
// clusters that say the same may stand together.
func (b *Built) group(fit *kmeans.Result, o Options) []*cluster {
	found := clusters(b.points, fit, o.KMeans.K)
	b.Report.Clusters = len(found)
	all := merge(b.points, found, 1-o.Merge*b.Report.Spread)
	b.Report.Merged = b.Report.Clusters - len(all)
	var kept []*cluster
	for _, c := range all {
		if c.choose(b.points, o.Exemplars); len(c.exemplars) < o.MinExemplars {
			b.Report.Small++
			b.Report.Lost += len(c.members)
			continue
		}
		kept = append(kept, c)
	}
	b.Report.Anchors = len(kept)
	return kept
}

// digests names files by their own name and content. "validation.parquet 3f2a…" says which file it was without saying
// where it lay.
func digests(paths []string) ([]string, error) {
	var out []string
	for _, path := range paths {
		sum, err := fsutil.SHA256(path)
		if err != nil {
			return nil, err
		}
		out = append(out, fmt.Sprintf("%s %s", filepath.Base(path), sum))
	}
	return out, nil
}
