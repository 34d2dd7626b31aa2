// Package ask puts sentences to a running daemon and prints what it says of them: which values a sentence is about,
// on which side it stands, and what this model cannot tell.
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

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hives/client"
	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
)

// Options say whom to ask for what. Who listens at Endpoint is asked nothing but texts: no option changes the daemon.
type Options struct {
	Endpoint  string // grpc://host:port, grpcs://host:port or a name that gRPC resolves
	TokenFile string // bearer token; empty: none
	Texts     []string
	Prompt    string
	TopK      int // values shown for each text; 0: all that there is something to say of, with JSON all
	Theories  []string
	JSON      bool // JSON Lines: one object a text
}

// everything is more values than any file has. The server would else cut by its own order, in which doubts and
// answers are mixed.
const everything = 1 << 16

// Run asks and prints.
//
// Texts are asked one by one: an answer is printed when it is there, and one text that is refused stops at its
// place. Values are listed first, since what the model cannot tell at all bears on how every answer is read.
//
// Errors are the client's, by kind; of a daemon without value vectors the vector's head is shown instead.
//
//	It can tell whether a text is about these values, and which side it takes: mft/care-harm.
//	She gave her coat to a stranger.
//	    supports mft/care-harm: about it 83 % [78, 87], for it 91 % [80, 96]
func Run(ctx context.Context, o Options, out io.Writer) error {
	if len(o.Texts) == 0 {
		return fault.Usage(fault.New(fault.Invalid, "no text: give one or more as arguments"))
	}
	if o.TopK < 0 {
		return fault.Usage(fault.New(fault.Invalid, "--top %d: give 0 for all, or how many values to show", o.TopK))
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
	p := printer{out: out, top: o.TopK}
	filter := &hivesv1.ValueFilter{Theories: o.Theories}
	listed, err := c.Values.ListValues(ctx, &hivesv1.ListValuesRequest{Filter: filter})
	// A daemon without value vectors still embeds, which is better shown than an error.
	if status.Code(err) == codes.FailedPrecondition {
		fmt.Fprintln(os.Stderr, "the daemon has no value vectors, so nothing is said of values: make them with "+
			"hives vectors build and start it with --vectors")
		return vectorsOnly(ctx, c, o, p)
	}
	if err != nil {
		return err
	}
	if !o.JSON {
		p.abilities(listed)
	}
	for _, text := range o.Texts {
		// Every value is asked for: which of them to show is decided here, by what may be said of them.
		r, err := c.Values.ScoreTexts(ctx,
			&hivesv1.ScoreTextsRequest{Texts: []string{text}, Prompt: o.Prompt, Filter: filter, TopK: everything})
		if err != nil {
			return err
		}
		if o.JSON {
			err = writeJSON(out, text, r.Results[0], o.TopK)
		} else {
			p.text(text, r.Results[0])
		}
		if err != nil {
			return err
		}
	}
	return p.err
}

// vectorsOnly prints the head of each text's vector, and in JSON that there are no values. Values is [] there and not
// null: a script that reads it need not know why.
func vectorsOnly(ctx context.Context, c *client.Client, o Options, p printer) error {
	embedded, err := c.EmbedAll(ctx, &hivesv1.EmbedRequest{Texts: o.Texts, Prompt: o.Prompt})
	if err != nil {
		return err
	}
	for i, text := range o.Texts {
		if o.JSON {
			if err := writeJSON(p.out, text, nil, 0); err != nil {
				return err
			}
			continue
		}
		p.line(text)
		p.line("    vector " + head(embedded.Embeddings[i].Values))
	}
	return p.err
}

// headNumbers is how much of a vector is shown. Six fit a line beside the text's indent.
const headNumbers = 6

// head is the beginning of a vector, for people who want to see that there is one.
//
//	+0.013 -0.021 +0.004 +0.110 -0.054 +0.002 … (1024 numbers)
func head(v []float32) string {
	var parts []string
	for _, x := range v[:min(headNumbers, len(v))] {
		parts = append(parts, fmt.Sprintf("%+.3f", x))
	}
	return fmt.Sprintf("%s … (%d numbers)", strings.Join(parts, " "), len(v))
}

// answered is one line of JSON.
//
//	{"text": "She gave …", "values": [{"value_id": "mft/care-harm", "answer": "supports", "about": 0.83, …}]}
type answered struct {
	Text   string  `json:"text"`
	Values []value `json:"values"`
}

// value is null where there is nothing to say. about and supports are probabilities with their intervals left out;
// margin and percentile are the server's.
type value struct {
	ValueID    string   `json:"value_id"`
	Answer     string   `json:"answer"` // supports, opposes, about, unsure
	About      *float32 `json:"about"`
	Supports   *float32 `json:"supports"` // given that the text is about the value
	Cosine     *float32 `json:"cosine"`
	Percentile *float32 `json:"percentile"` // 0 to 100
	Margin     *float32 `json:"margin"`
}

// Fields are pointers so that "not known" is null: 0 would be a probability.
//
// writeJSON writes one object a line. A cosine is left null where the kind of vector has none, whatever number came.
func writeJSON(out io.Writer, text string, r *hivesv1.TextScores, top int) error {
	line := answered{Text: text, Values: []value{}}
	for _, s := range ordered(r.GetScores(), top) {
		v := value{ValueID: s.ValueId, Answer: answerName(s.Answer), Percentile: s.Percentile, Margin: s.Margin}
		if s.About != nil {
			v.About = &s.About.Value
		}
		if s.Supports != nil {
			v.Supports = &s.Supports.Value
		}
		if hasVector(s.Kind) {
			v.Cosine = &s.Cosine
		}
		line.Values = append(line.Values, v)
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return enc.Encode(line)
}

// hasVector tells the kinds whose cosine means something. A classifier's answer comes without one, and its 0 would
// read as "at right angles".
func hasVector(kind hivesv1.VectorKind) bool {
	return kind == hivesv1.VectorKind_VECTOR_KIND_DIRECTIONAL || kind == hivesv1.VectorKind_VECTOR_KIND_PROTOTYPE
}

// answerName is unsure for a server that is too old to answer. Any number of a newer server's is unsure too: an
// answer that is not understood is none.
func answerName(a hivesv1.Answer) string {
	switch a {
	case hivesv1.Answer_ANSWER_SUPPORTS:
		return "supports"
	case hivesv1.Answer_ANSWER_OPPOSES:
		return "opposes"
	case hivesv1.Answer_ANSWER_ABOUT:
		return "about"
	}
	return "unsure"
}
