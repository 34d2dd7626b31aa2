package anchors

import (
	"context"
	"encoding/json"
	"io"
	"strings"

	bank "hives/data/anchors"
	"hives/data/theories"
	"hives/encoder"
	"hives/internal/fault"
)

// AssignJob is hives anchors assign. Out may be In. The embedder is an argument of its own, since opening it is
// cmd's.
type AssignJob struct {
	Bank, In, Out string
	Limits        Limits
	Theories      theories.Set // of rows and anchors
	JSON          bool
	Stdout        io.Writer
}

// RunAssign assigns the rows and prints the account. in and out may be one file: it is replaced when it is whole.
func RunAssign(ctx context.Context, enc encoder.Encoder, j AssignJob) error {
	b, err := bank.Read(j.Bank, j.Theories)
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

// ShowJob is hives anchors show. N 0 shows all; Rows gives the exemplars' texts. No embedder is needed: everything
// shown stands in the file.
type ShowJob struct {
	Bank, Rows string
	Theories   theories.Set // of rows and anchors
	N          int
	JSON       bool
	Stdout     io.Writer
}

// RunShow prints a bank, or N of its anchors at even distances. With the rows at hand exemplars are shown as texts. A
// bank that was not made by a build is refused: of its sentences nothing more is known than the file says.
func RunShow(j ShowJob) error {
	b, err := bank.Read(j.Bank, j.Theories)
	if err != nil {
		return err
	}
	// Without rows a bank can only name its exemplars by their ids.
	texts := map[string]string{}
	if j.Rows != "" {
		c, err := ReadCorpus(j.Rows, j.Theories)
		if err != nil {
			return err
		}
		for _, t := range c.Texts {
			texts[t.ID] = t.Text
		}
	}
	s := shown{Anchors: len(b.Anchors)}
	// These are printed as they stand in the file, so they must be JSON.
	for _, key := range []string{metaEmbedder, metaSettings, metaReport} {
		if !json.Valid([]byte(b.Meta[key])) {
			return fault.New(fault.Invalid, "%s: says nothing of its %s; hives anchors show prints banks of hives anchors build",
				j.Bank, key)
		}
	}
	s.Embedder, s.Settings, s.Report = json.RawMessage(b.Meta[metaEmbedder]), json.RawMessage(b.Meta[metaSettings]),
		json.RawMessage(b.Meta[metaReport])
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
	return s.write(j.Stdout, j.Theories)
}

// writeJSON is for programs that read the output; indented, since people look at it too.
func writeJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(v)
}
