package sft

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"hives/internal/chat"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/strictjson"
)

// Row is a line of a file of answers:
//
//	{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}],
//	 "value_id": "svt:benevolence", "level": 2, "question_id": "q17", "group": "q17", "split": "train"}
//
// Only messages are needed. The others say what a validation may compare, and what must not stand on both sides.
type Row struct {
	Messages   []chat.Message `json:"messages"`
	ValueID    string         `json:"value_id,omitempty"`
	Level      *int           `json:"level,omitempty"`       // from −2, strongly against the value, to 2
	QuestionID string         `json:"question_id,omitempty"` // answers of one question are compared
	Group      string         `json:"group,omitempty"`       // never on both sides of a split; empty: the question, then the row
	Split      string         `json:"split,omitempty"`       // train, validation or test (left out)

	number int // of its line, from 1
}

// The words for Split.
const (
	splitTrain      = "train"
	splitValidation = "validation"
	splitTest       = "test"
)

// maxLine bounds a line: a conversation of a megabyte is a file of something else.
const maxLine = 1 << 20

// rows are those of a run, split.
type rows struct {
	train, validation []Row
	hashes            map[string]string
}

// readRows reads the files and holds rows out: those of the file of held-out rows, else those whose split says so,
// else a share of the groups. Rows of split "test" are in neither part, so that a file can carry them to whoever
// measures the model afterwards.
func readRows(f *Files) (*rows, error) {
	all, sum, err := ReadFile(f.Train)
	if err != nil {
		return nil, err
	}
	out := &rows{hashes: map[string]string{"data": sum}}
	said := false
	for _, r := range all {
		switch r.Split {
		case splitValidation:
			out.validation, said = append(out.validation, r), true
		case splitTest:
			said = true
		default:
			out.train = append(out.train, r)
		}
	}
	switch {
	case f.Validation != "":
		if out.validation, out.hashes["validation"], err = ReadFile(f.Validation); err != nil {
			return nil, err
		}
	case !said && f.Fraction > 0:
		out.train, out.validation = holdOut(out.train, f.Fraction, f.SplitSeed)
	}
	if err := shared(out.train, out.validation); err != nil {
		return nil, err
	}
	if len(out.train) == 0 {
		return nil, fault.New(fault.Invalid, "%s holds no rows to train on", f.Train)
	}
	return out, nil
}

// group is what must not stand on both sides: the answers of one question are alike in their words, and a held-out one
// would be half known.
func (r *Row) group() string { return cmp.Or(r.Group, r.QuestionID, fmt.Sprint("line ", r.number)) }

// holdOut deals groups out: a group is held out by the hash of the seed and its name, so that it stays on its side
// when other rows come or go.
func holdOut(all []Row, fraction float64, seed uint64) (train, validation []Row) {
	for _, r := range all {
		sum := sha256.Sum256(fmt.Appendf(nil, "sft hold-out %d %s", seed, r.group()))
		if float64(binary.BigEndian.Uint64(sum[:]))/math.Ldexp(1, 64) < fraction {
			validation = append(validation, r)
		} else {
			train = append(train, r)
		}
	}
	return train, validation
}

// shared refuses a group on both sides: a question that was trained on says nothing of unseen ones.
func shared(train, validation []Row) error {
	lines := map[string]int{}
	for i := range train {
		lines[train[i].group()] = train[i].number
	}
	for i := range validation {
		r := &validation[i]
		if at, both := lines[r.group()]; both && (r.Group != "" || r.QuestionID != "") {
			return fault.New(fault.Mismatch, "group %q is trained on (line %d) and held out (line %d): split by group",
				r.group(), at, r.number)
		}
	}
	return nil
}

// ReadFile reads a file of answers. Every line is checked; the first that is wrong is named. The hash is of the bytes
// that were parsed, read once, so a file that is replaced meanwhile cannot be noted under another's hash.
func ReadFile(path string) (all []Row, sum string, err error) {
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return nil, "", err
	}
	hash := sha256.Sum256(raw)
	in := bufio.NewScanner(bytes.NewReader(raw))
	in.Buffer(nil, maxLine)
	for n := 1; in.Scan(); n++ {
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		r, err := parse(in.Bytes())
		if err != nil {
			return nil, "", fault.New(cmp.Or(fault.Of(err), fault.Corrupt), "%s, line %d: %w", path, n, err)
		}
		r.number = n
		all = append(all, r)
	}
	if err := in.Err(); err != nil {
		return nil, "", fault.New(fault.Corrupt, "%s: %w", path, err)
	}
	return all, hex.EncodeToString(hash[:]), nil
}

// parse reads a line. A key that is not known is refused: a weight of the row, say, would be passed over.
func parse(line []byte) (r Row, err error) {
	// A key that stands twice, or is none of a row's, is told with the keys that there are.
	if err := strictjson.DecodeOnly(line, &Row{}); err != nil {
		if wrong := new(strictjson.Error); errors.As(err, &wrong) && wrong.Key != "" {
			return r, fault.New(fault.Corrupt, "key %q: %w", wrong.Key, err)
		}
		return r, fault.New(fault.Corrupt, "%w", err)
	}
	// Keys within a message are known to the decoder alone.
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return r, fault.New(fault.Corrupt, "%w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return r, fault.New(fault.Corrupt, "more than one object in a line")
	}
	n := len(r.Messages)
	switch {
	case n < 2 || r.Messages[n-1].Role != chat.Assistant:
		return r, fault.New(fault.Invalid, "messages: want a question and, last, an answer by the assistant")
	case strings.TrimSpace(r.Messages[n-1].Content) == "":
		return r, fault.New(fault.Invalid, "the answer is empty: there is nothing to learn, and its loss would be 0/0")
	case r.Level != nil && (*r.Level < -2 || *r.Level > 2):
		return r, fault.New(fault.Invalid, "level %d: want −2 to 2", *r.Level)
	case !slices.Contains([]string{"", splitTrain, splitValidation, splitTest}, r.Split):
		return r, fault.New(fault.Invalid, "split %q: want train, validation or test", r.Split)
	}
	return r, nil
}

// order is the order of rows in an epoch, a function of seed and epoch alone: a resumed run has no generator to wind
// forward.
func order(n int, seed uint64, epoch int) []int {
	return rand.New(rand.NewPCG(seed, uint64(epoch)^0x7366742d65706f63)).Perm(n)
}

// Steps is the number of steps for a number of epochs over the rows to train on. 45 rows in batches of 8 are 6 steps
// for one epoch, the last of which goes on into the second.
func Steps(f Files, batch int, epochs float64) (int, error) {
	r, err := readRows(&f)
	if err != nil {
		return 0, err
	}
	return int(math.Ceil(float64(len(r.train)) * epochs / float64(batch))), nil
}
