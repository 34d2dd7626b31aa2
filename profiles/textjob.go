package profiles

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// ReadJob reads a file of texts into profiles, author after author.
type ReadJob struct {
	In      TextFile
	Model   *TextModel
	Authors []string // only these; none: all
	Quote   bool     // evidence has the words of its texts
	Out     string   // .jsonl or .csv; empty: profiles are only given to Each
	Most    int      // authors that can be shown; 0: any number
	Remedy  string   // if there are more
	// Judge has judges score what vectors leave open. All authors and the texts that judges will see are in memory then.
	Judge *TextJudge
	Each  func(TextProfile) error
}

// Summary is what came of a job.
type Summary struct {
	Authors int            `json:"authors"`
	Texts   int            `json:"texts"`
	Before  int            `json:"authors_done_before,omitempty"` // by an earlier start of the same job
	Values  []ValueSummary `json:"values"`
}

// ValueSummary counts one value over all authors.
type ValueSummary struct {
	ValueID  string `json:"value_id"`
	Scored   int    `json:"authors_scored"`
	Answered int    `json:"texts_answered"`
	Unsure   int    `json:"texts_unsure"`
	Beside   int    `json:"texts_not_about"`
	Why      string `json:"unsupported,omitempty"`
}

// chunk is how many rows are embedded together. Chunks are cut by the rows' numbers alone, so that a run that goes on
// embeds the same texts side by side as one that was never stopped, and its numbers have the same bits.
const chunk = encoder.Chunk

// reading is a job at work.
type reading struct {
	ReadJob
	enc  encoder.Encoder
	left map[string]int        // rows of each author that are still to come
	open map[string]*Collector // authors with rows before and after this place
	done map[string]bool       // by an earlier start
	sink *sink
	sum  Summary
	rows []AuthorText // of the chunk
	wait []*Collector // finished authors whose abstentions wait for judges
}

// Read makes the profile of every author of a file. An author is done with the last of its rows: where the rows of each
// author stand together, one author is held at a time. Where they do not, all whose rows are still to come are.
//
//	a a b b b c         a, b, c; one open at a time
//	a b a b c a         b, c, a; up to three open
//
// The file is read twice: first for who is in it and whether it can be read, then for the texts. A job with Out that is
// stopped keeps its finished authors beside Out and goes on from them.
func Read(ctx context.Context, j ReadJob, enc encoder.Encoder) (*Summary, error) {
	r := &reading{ReadJob: j, enc: enc, left: map[string]int{}, open: map[string]*Collector{}}
	if j.Judge != nil {
		if err := j.Judge.Validate(j.Model); err != nil {
			return nil, err
		}
	}
	if err := r.survey(ctx); err != nil {
		return nil, err
	}
	for i := range j.Model.Values {
		v := &j.Model.Values[i]
		r.sum.Values = append(r.sum.Values, ValueSummary{ValueID: v.ID, Why: v.Why})
	}
	var err error
	if r.sink, err = r.begin(); err != nil {
		return nil, err
	}
	defer r.sink.close()
	if err := r.resume(); err != nil {
		return nil, err
	}
	if err := r.stream(ctx); err != nil {
		return nil, err
	}
	if err := r.judged(ctx); err != nil {
		return nil, err
	}
	return &r.sum, r.sink.finish()
}

// survey counts the rows of each author, and finds what cannot be read before anything is embedded.
func (r *reading) survey(ctx context.Context) error {
	err := r.In.EachText(func(t AuthorText) error {
		if r.wanted(t.Author) {
			r.left[t.Author]++
		}
		if t.Row%chunk == 0 {
			return ctx.Err()
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, author := range r.Authors {
		if r.left[author] == 0 {
			return fault.Usage(fault.New(fault.Invalid, "%s: there is no text of the author %q", r.In.Path, author))
		}
	}
	switch n := len(r.left); {
	case n == 0:
		return fault.New(fault.Invalid, "%s: holds no text", r.In.Path)
	case r.Most > 0 && n > r.Most:
		return fault.Usage(fault.New(fault.Invalid, "%s: texts of %d authors: %s", r.In.Path, n, r.Remedy))
	}
	return nil
}

func (r *reading) wanted(author string) bool {
	return len(r.Authors) == 0 || slices.Contains(r.Authors, author)
}

// identity is all that the result hangs on.
func (r *reading) identity() (string, error) {
	in, err := fsutil.SHA256(r.In.Path)
	if err != nil {
		return "", err
	}
	judge := ""
	if r.Judge != nil {
		judge = r.Judge.Which
	}
	raw, err := json.Marshal([]any{in, r.In.Author, r.Model.SHA256, r.Model.Rules.Counted, r.Authors, r.Quote, judge})
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), err
}

// begin opens what was done before.
func (r *reading) begin() (*sink, error) {
	if r.Out == "" {
		return &sink{}, nil
	}
	id, err := r.identity()
	if err != nil {
		return nil, err
	}
	return openSink(r.Out, id)
}

// resume counts the profiles that are there already.
func (r *reading) resume() error {
	r.done = map[string]bool{}
	return r.sink.earlier(func(p TextProfile) error {
		r.done[p.Author] = true
		r.sum.Before++
		return r.count(p)
	})
}

// stream reads chunk after chunk.
func (r *reading) stream(ctx context.Context) error {
	total := 0
	for _, n := range r.left {
		total += n
	}
	n := 0
	err := r.In.EachText(func(t AuthorText) error {
		if !r.wanted(t.Author) {
			return nil
		}
		r.rows = append(r.rows, t)
		if n++; n%chunk == 0 {
			return r.flush(ctx)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	if n != total {
		return fault.New(fault.Mismatch, "%s changed while it was read: %d texts, then %d; begin again", r.In.Path, total,
			n)
	}
	return nil
}

// flush embeds the rows at hand and hands them to their authors. A chunk whose authors are all done is passed over;
// else all of it is embedded, as it was the first time.
func (r *reading) flush(ctx context.Context) error {
	defer func() { r.rows = r.rows[:0] }()
	if !slices.ContainsFunc(r.rows, func(t AuthorText) bool { return !r.done[t.Author] }) {
		return ctx.Err()
	}
	vectors, err := embedTexts(ctx, r.enc, r.Model, r.rows)
	if err != nil {
		return err
	}
	for i, read := range r.Model.readSome(vectors) {
		t := r.rows[i]
		if r.done[t.Author] {
			continue
		}
		c := r.open[t.Author]
		if c == nil {
			c = r.Model.Collect(t.Author, r.Quote)
			c.judge, c.words = r.Judge, map[string]string{}
			r.open[t.Author] = c
		}
		c.Add(t, read)
		if r.left[t.Author]--; r.left[t.Author] == 0 {
			delete(r.open, t.Author)
			if r.Judge != nil {
				r.wait = append(r.wait, c)
				continue
			}
			if err := r.give(c.Profile()); err != nil {
				return err
			}
		}
	}
	return nil
}

// embedTexts are the vectors of the texts that have words, nil for the others.
func embedTexts(ctx context.Context, enc encoder.Encoder, m *TextModel, texts []AuthorText) ([][]float32, error) {
	out := make([][]float32, len(texts))
	var at []int
	for i, t := range texts {
		if !t.Wordless() {
			at = append(at, i)
		}
	}
	err := encoder.Chunks(ctx, enc, len(at), func(k int) string { return texts[at[k]].Text },
		func(from int, vectors [][]float32, id encoder.Identity) error {
			for k, v := range vectors {
				out[at[from+k]] = v
			}
			return m.CheckModel(id)
		})
	return out, err
}

// judged asks about what is open, and gives the profiles that waited for it.
func (r *reading) judged(ctx context.Context) error {
	if r.Judge == nil || len(r.wait) == 0 {
		return nil
	}
	if err := r.Judge.ask(ctx, r.Model, r.wait); err != nil {
		return err
	}
	for _, c := range r.wait {
		if err := r.give(c.Profile()); err != nil {
			return err
		}
	}
	return nil
}

// give hands a finished profile on.
func (r *reading) give(p TextProfile) error {
	if err := r.sink.put(p); err != nil {
		return err
	}
	return r.count(p)
}

func (r *reading) count(p TextProfile) error {
	r.sum.Authors++
	r.sum.Texts += p.Texts
	for i, v := range p.Values {
		s := &r.sum.Values[i]
		if v.Score.Known() {
			s.Scored++
		}
		s.Answered, s.Unsure, s.Beside = s.Answered+v.N, s.Unsure+v.Unsure, s.Beside+v.Beside
	}
	if r.Each == nil {
		return nil
	}
	return r.Each(p)
}

// String is one line of a summary.
func (s *Summary) String() string {
	return fmt.Sprintf("%d authors, %d texts", s.Authors, s.Texts)
}
