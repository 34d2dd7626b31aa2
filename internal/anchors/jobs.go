package anchors

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	bank "hives/data/anchors"
	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/llm"
)

// BuildJob is hives anchors build.
type BuildJob struct {
	Options   Options
	NotFor    []string // model folders or digests
	Out, Page string
	LLM       *LLMConfig // who writes the sentences; nil for medoids
	DB        string     // file of answers, with LLM
	JSON      bool
	Stdout    io.Writer
	Log       io.Writer
}

// RunBuild makes a bank, writes it and its page, and prints the account.
func RunBuild(ctx context.Context, enc encoder.Encoder, j BuildJob) error {
	if strings.ToLower(filepath.Ext(j.Out)) != ".parquet" {
		return fault.Usage(fault.New(fault.Invalid, "anchors build: %s: a bank is a .parquet file", j.Out))
	}
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
	if j.LLM != nil {
		store, err := llm.Open(j.DB)
		if err != nil {
			return err
		}
		defer store.Close()
		if j.Options.Summariser, err = NewLLM(ctx, *j.LLM, store); err != nil {
			return err
		}
	}
	b, err := Build(ctx, enc, j.Options)
	if err != nil {
		return err
	}
	if err := bank.Write(j.Out, b.Bank); err != nil {
		return err
	}
	if j.Page != "" {
		if err := fsutil.WriteFile(j.Page, b.WritePage); err != nil {
			return err
		}
	}
	if j.JSON {
		return writeJSON(j.Stdout, b.Report)
	}
	return b.Report.WriteTable(j.Stdout)
}

// WriteTable prints the account.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "rows\t%d\ntexts\t%d\nspread (mean distance of two texts)\t%.3f\n", r.Rows, r.Texts, r.Spread)
	fmt.Fprintf(t, "clusters of k-means\t%d\ncost of the best restart\t%.6g\n", r.Clusters, r.Cost)
	fmt.Fprintf(t, "near-duplicates merged away\t%d\n", r.Merged)
	fmt.Fprintf(t, "dropped for too few exemplars\t%d, with %d texts\n", r.Small, r.Lost)
	fmt.Fprintf(t, "anchors\t%d, %d of them named by the medoid's text\nids kept\t%d\n", r.Anchors, r.Medoids, r.Kept)
	return t.Flush()
}

// AssignJob is hives anchors assign.
type AssignJob struct {
	Bank, In, Out string
	Limits        Limits
	JSON          bool
	Stdout        io.Writer
}

// RunAssign assigns the rows and prints the account.
func RunAssign(ctx context.Context, enc encoder.Encoder, j AssignJob) error {
	b, err := bank.Read(j.Bank)
	if err != nil {
		return err
	}
	sum, err := Assign(ctx, j.In, j.Out, b, enc, j.Limits)
	if err != nil {
		return err
	}
	if j.JSON {
		return writeJSON(j.Stdout, sum)
	}
	return sum.WriteTable(j.Stdout)
}

// ShowJob is hives anchors show.
type ShowJob struct {
	Bank, Rows string
	N          int
	JSON       bool
	Stdout     io.Writer
}

// RunShow prints a bank.
func RunShow(j ShowJob) error {
	b, err := bank.Read(j.Bank)
	if err != nil {
		return err
	}
	texts := map[string]string{}
	if j.Rows != "" {
		c, err := ReadCorpus(j.Rows)
		if err != nil {
			return err
		}
		for _, t := range c.Texts {
			texts[t.ID] = t.Text
		}
	}
	s := shown{Anchors: len(b.Anchors)}
	for _, key := range []string{metaEmbedder, metaSettings, metaReport} {
		if !json.Valid([]byte(b.Meta[key])) {
			return fault.New(fault.Invalid, "%s: says nothing of its %s; hives anchors show prints banks of hives anchors build", j.Bank, key)
		}
	}
	s.Embedder, s.Settings, s.Report = json.RawMessage(b.Meta[metaEmbedder]), json.RawMessage(b.Meta[metaSettings]), json.RawMessage(b.Meta[metaReport])
	s.RowsSHA256, s.HeldOut = b.Meta[metaRowsSHA], strings.Fields(b.Meta[metaHeldOut])
	details, err := Details(b)
	if err != nil {
		return err
	}
	if j.N <= 0 {
		j.N = len(b.Anchors)
	}
	for _, i := range even(len(b.Anchors), j.N) {
		s.add(b.Anchors[i], details[i], texts)
	}
	if j.JSON {
		return writeJSON(j.Stdout, s)
	}
	return s.write(j.Stdout)
}

func writeJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(v)
}
