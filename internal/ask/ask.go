// Package ask puts sentences to a running daemon and prints what it says of them: the head of each vector
// and, where the daemon has value vectors, the values that are strongest in the text.
//
// The texts are the caller's to print or not: they stand in no error.
package ask

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hives/client"
	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
)

// headNumbers is how much of a vector is shown.
const headNumbers = 6

// Options say whom to ask for what.
type Options struct {
	Endpoint  string // grpc://host:port, grpcs://host:port or a name that gRPC resolves
	TokenFile string // bearer token; empty: none
	Texts     []string
	Prompt    string
	TopK      int // values a text
	Theories  []string
	JSON      bool // whole vectors and scores as one object
}

// answer is what is printed with JSON.
type answer struct {
	Model   *hivesv1.ModelVersion `json:"model"`
	Vectors [][]float32           `json:"vectors"`
	// None without value vectors. Signed say on which side of a value a text is, the others only that it is
	// about one; their cosines have another zero, so they are no common order.
	Signed   []*hivesv1.TextScores `json:"signed,omitempty"`
	Unsigned []*hivesv1.TextScores `json:"unsigned,omitempty"`
}

// Run asks and prints.
func Run(ctx context.Context, o Options, out io.Writer) error {
	if len(o.Texts) == 0 {
		return fault.Usage(fault.New(fault.Invalid, "no text: give one or more as arguments"))
	}
	var dial []client.Option
	if o.TokenFile != "" {
		dial = append(dial, client.WithTokenFile(o.TokenFile))
	}
	c, err := client.Dial(ctx, o.Endpoint, dial...)
	if err != nil {
		return err
	}
	defer c.Close()
	embedded, err := c.EmbedAll(ctx, &hivesv1.EmbedRequest{Texts: o.Texts, Prompt: o.Prompt})
	if err != nil {
		return err
	}
	a := &answer{Model: embedded.Model}
	for _, e := range embedded.Embeddings {
		a.Vectors = append(a.Vectors, e.Values)
	}
	if a.Signed, err = score(ctx, c, o, hivesv1.VectorKind_VECTOR_KIND_DIRECTIONAL); err == nil {
		a.Unsigned, err = score(ctx, c, o, hivesv1.VectorKind_VECTOR_KIND_PROTOTYPE)
	}
	if status.Code(err) == codes.FailedPrecondition {
		fmt.Fprintln(os.Stderr, "the daemon has no value vectors (--vectors): only the embedding is shown")
	} else if err != nil {
		return err
	}
	if o.JSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(a)
	}
	return a.print(o.Texts, out)
}

// score asks for the strongest values of one kind.
func score(ctx context.Context, c *client.Client, o Options, kind hivesv1.VectorKind) ([]*hivesv1.TextScores, error) {
	r, err := c.Values.ScoreTexts(ctx, &hivesv1.ScoreTextsRequest{
		Texts: o.Texts, Prompt: o.Prompt, TopK: uint32(o.TopK),
		Filter: &hivesv1.ValueFilter{Theories: o.Theories, Kinds: []hivesv1.VectorKind{kind}},
	})
	return r.GetResults(), err
}

func (a *answer) print(texts []string, out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i, text := range texts {
		fmt.Fprintf(w, "%s\n", text)
		fmt.Fprintf(w, "  vector\t%s … (%d numbers)\n", head(a.Vectors[i]), len(a.Vectors[i]))
		for _, kind := range [][]*hivesv1.TextScores{a.Signed, a.Unsigned} {
			if kind == nil {
				continue
			}
			for _, s := range kind[i].Scores {
				fmt.Fprintf(w, "  %s\t%+.3f\t%s\n", s.ValueId, s.Cosine, stances[s.Stance])
			}
		}
	}
	return w.Flush()
}

var stances = map[hivesv1.Stance]string{
	hivesv1.Stance_STANCE_SUPPORTS: "supports", hivesv1.Stance_STANCE_OPPOSES: "opposes",
	hivesv1.Stance_STANCE_UNSIGNED: "about it, without a side",
}

func head(v []float32) string {
	var parts []string
	for _, x := range v[:min(headNumbers, len(v))] {
		parts = append(parts, fmt.Sprintf("%+.3f", x))
	}
	return strings.Join(parts, " ")
}
