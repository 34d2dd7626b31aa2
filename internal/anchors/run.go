package anchors

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	bank "hives/data/anchors"
	"hives/encoder"
	"hives/internal/columns"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/judge"
	"hives/internal/review"
)

// BuildJob is hives anchors build. What it prints of the corpora at hand, all at its defaults:
//
//	rows                            25661
//	texts                           13020
//	clusters of k-means             500
//	near-duplicates merged away     276
//	dropped for too few exemplars   35, with 78 texts
//	anchors                         189, …
type BuildJob struct {
	Options   Options
	NotFor    []string // model folders or digests
	Out, Page string
	LLM       *LLMConfig // who writes the sentences; nil for medoids
	DB        string     // file of answers, with LLM
	Review    string     // votes file in which the anchors wait for hives review; "" puts none up
	JSON      bool
	Stdout    io.Writer
	Log       io.Writer
}

// RunBuild makes a bank, writes it and its page, and prints the account. Votes files are opened and locked before the
// work: another program's lock is found out at once, not after an hour. A stop while sentences are asked for keeps
// those that came; vectors and clusters are made again, to the same bits.
func RunBuild(ctx context.Context, enc encoder.Encoder, j BuildJob) error {
	if strings.ToLower(filepath.Ext(j.Out)) != ".parquet" {
		return fault.Usage(fault.New(fault.Invalid, "anchors build: %s: a bank is a .parquet file", j.Out))
	}
	// Folders become digests here; Build knows digests only.
	for _, arg := range j.NotFor {
		sum, err := WeightsOf(arg)
		if err != nil {
			return fmt.Errorf("anchors build: --not-for: %w", err)
		}
		j.Options.NotFor = append(j.Options.NotFor, sum)
	}
	if len(j.Options.HeldOut) == 0 {
		j.Options.HeldOut = HeldOutBeside(j.Options.Rows)
	}
	j.Options.KMeans.Progress = func(restart int, cost float64) {
		fmt.Fprintf(j.Log, "restart %d of %d: cost %.6g\n", restart+1, j.Options.KMeans.Restarts, cost)
	}
	answers, queue, err := j.open() // before the work, so that a wrong name costs none
	defer closeAll(answers, queue)
	if err != nil {
		return err
	}
	if j.LLM != nil {
		writer, err := NewLLM(ctx, *j.LLM, answers)
		if err != nil {
			return err
		}
		defer writer.Close()
		j.Options.Summariser = writer
	}
	b, err := Build(ctx, enc, j.Options)
	if err != nil {
		return err
	}
	if err := j.write(ctx, b, queue); err != nil {
		return err
	}
	if j.JSON {
		return writeJSON(j.Stdout, b.Report)
	}
	return b.WriteTable(j.Stdout)
}

// open opens the votes files that the job needs; one that it does not need is nil. Of an error both are returned as
// far as they came, for the caller to close.
func (j BuildJob) open() (answers, queue *judge.Store, err error) {
	if j.LLM != nil {
		answers, err = judge.Open(j.DB)
	}
	if err == nil && j.Review != "" {
		queue, err = judge.Open(j.Review)
	}
	return answers, queue, err
}

// closeAll takes nil for a store that was not needed.
func closeAll(stores ...*judge.Store) {
	for _, s := range stores {
		if s != nil {
			s.Close()
		}
	}
}

// write leaves the bank, its page, and its sentences in the review queue. The bank comes first: a page without a
// bank would show what nobody has.
func (j BuildJob) write(ctx context.Context, b *Built, queue *judge.Store) error {
	if err := bank.Write(j.Out, b.Bank); err != nil {
		return err
	}
	if j.Page != "" {
		if err := fsutil.WriteFile(j.Page, b.WritePage); err != nil {
			return err
		}
	}
	if queue == nil {
		return nil
	}
	open, err := review.Enqueue(ctx, queue, b.Bank, b.exemplarTexts())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(j.Log, "%d of %d anchors wait for review: hives review --db %s\n", open, len(b.Bank.Anchors),
		j.Review)
	return err
}

// exemplarTexts are the texts that the anchors are described by, by id: what a reviewer is shown beside the sentence.
// The votes file keeps them, so that reviewing needs no rows.
func (b *Built) exemplarTexts() map[string]string {
	central, out := map[string]bool{}, map[string]string{}
	for _, a := range b.Bank.Anchors {
		for _, id := range a.Exemplars {
			central[id] = true
		}
	}
	for _, t := range b.corpus.Texts {
		if central[t.ID] {
			out[t.ID] = t.Text
		}
	}
	return out
}

// WriteTable prints the account: from rows to texts to clusters to anchors, each loss in between with its reason. The
// lines add up as Report says.
func (b *Built) WriteTable(w io.Writer) error {
	r := &b.Report
	t := columns.NewTable(w)
	fmt.Fprintf(t, "rows\t%d\ntexts\t%d\nspread (mean distance of two texts)\t%.3f\n", r.Rows, r.Texts, r.Spread)
	fmt.Fprintf(t, "clusters of k-means\t%d\ncost of the best restart\t%.6g\n", r.Clusters, r.Cost)
	fmt.Fprintf(t, "near-duplicates merged away\t%d\n", r.Merged)
	fmt.Fprintf(t, "dropped for too few exemplars\t%d, with %d texts\n", r.Small, r.Lost)
	fmt.Fprintf(t, "left out, as rejected in review\t%d\n", r.Rejected)
	fmt.Fprintf(t, "anchors\t%d, %d of them across theories; %d named by the medoid's text\n", r.Anchors,
		Across(b.details), r.Medoids)
	fmt.Fprintf(t, "ids kept\t%d, %d of them with a reviewed sentence\n", r.Kept, r.Reviewed)
	return t.Flush()
}
