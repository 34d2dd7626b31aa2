package embedfiles

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/npy"
	"hives/internal/strictjson"
	"hives/internal/textfile"
)

// ReadLines parses path into inputs, one per line: {"text": "…"} or {"ids": [1, 2, …]} each; prompt goes before
// every text. Ids are used as they are, the end token included. The lines of a file that ends in .txt are the texts.
// The first bad line is an error with its number. All lines are read before the first is embedded: a bad one costs a
// moment.
//
// Invariant: input i is line i + 1; no line is passed over, or every vector behind it would stand for another text
// (TestReadRefusesBadLines).
func ReadLines(path, prompt string) ([]encoder.Input, error) {
	read, want := parseLine, `{"text": "…"} or {"ids": [1, 2]}`
	if filepath.Ext(path) == ".txt" {
		read, want = plainLine, "a text"
	}
	var inputs []encoder.Input
	err := textfile.EachLine(path, func(n int, line []byte) error {
		in, err := read(line, prompt)
		if err != nil {
			return fault.New(fault.Invalid, "%s: line %d: %w; want %s", path, n, err, want)
		}
		inputs = append(inputs, in)
		return nil
	})
	if err == nil && len(inputs) == 0 {
		err = fault.New(fault.Invalid, "%s holds no lines", path)
	}
	return inputs, err
}

// plainLine takes a line as a text. Blanks at its ends stay, since they are tokens; the prompt goes before it as
// before any text.
func plainLine(line []byte, prompt string) (encoder.Input, error) {
	if len(line) == 0 { // passed over, it would move every vector behind it up
		return encoder.Input{}, errors.New("is blank")
	}
	if why := textfile.Unreadable(string(line)); why != "" {
		return encoder.Input{}, errors.New(why)
	}
	return encoder.Input{Text: string(line), Prompt: prompt}, nil
}

// parseLine reads one line; other keys are left to their owner. What is wrong is said without repeating the text.
//
//	{"text": "She kept her word.", "label": 3}     the text; label is its owner's
//	{"ids": [791, 1045]}                           the ids, without a prompt
//	{"text": "a", "ids": [1]}, {}                  refused: one of the two
func parseLine(line []byte, prompt string) (encoder.Input, error) {
	var record struct {
		Text *string  `json:"text"`
		IDs  *[]int32 `json:"ids"`
	}
	if len(line) == 0 { // passed over, it would move every vector behind it up
		return encoder.Input{}, errors.New("is blank")
	}
	if err := strictjson.Decode(line, &record); err != nil {
		return encoder.Input{}, err
	}
	switch {
	case (record.Text == nil) == (record.IDs == nil):
		return encoder.Input{}, errors.New("want exactly one of text and ids")
	case record.IDs != nil && len(*record.IDs) == 0:
		return encoder.Input{}, errors.New("no ids")
	case record.IDs != nil:
		return encoder.Input{IDs: *record.IDs}, nil
	case *record.Text == "":
		return encoder.Input{}, errors.New("the text is empty")
	}
	return encoder.Input{Text: *record.Text, Prompt: prompt}, nil
}

// EmbedLines writes the vectors of the inputs that ReadLines made of in, float32 [N, d] in input order, to out; on
// any error out is as it was. All vectors are in memory together: 4 bytes · N · d, 4 MB for a thousand of 1,024.
// Files that are larger than that allows go the way of shards.
func EmbedLines(ctx context.Context, enc encoder.Encoder, inputs []encoder.Input, in, out string) (rows int,
	id encoder.Identity, err error) {
	vectors, id, err := enc.Encode(ctx, inputs)
	if err != nil {
		return 0, id, fault.New(fault.Of(err), "%s: %w; input 0 is line 1", in, err)
	}
	err = fsutil.WriteFile(out, func(w io.Writer) error { return npy.WriteFloat32(w, vectors) })
	return len(vectors), id, err
}
