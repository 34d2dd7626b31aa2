package sft

import (
	"fmt"
	"strings"

	"hives/internal/chat"
	"hives/internal/fault"
)

// text is a row as the model reads it: ids, of which those from from on are the answer and the end of its turn.
type text struct {
	row  *Row
	ids  []int32
	from int
}

// labels is the number of foretold tokens.
func (t *text) labels() int { return len(t.ids) - t.from }

// corpus renders rows by the model's template, and holds them to the longest.
type corpus struct {
	renderer *chat.Renderer
	cfg      *Config
	cut      int // prompts that lost their beginning
	dropped  int // rows left out because they are too long
}

// texts renders rows of a file in their order. All rows that are too long are named together: a person mends the file
// once.
func (c *corpus) texts(file string, all []Row) (out []text, err error) {
	var long []string
	for i := range all {
		t := text{row: &all[i]}
		n := len(t.row.Messages)
		t.ids, t.from, err = c.renderer.Answered(t.row.Messages[:n-1], t.row.Messages[n-1].Content)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", file, t.row.number, err)
		}
		if over := len(t.ids) - c.cfg.MaxLength; over > 0 {
			switch {
			case c.cfg.Overlong == Drop:
				c.dropped++
				continue
			// What is cut is the beginning of the question; at least its last token stays, which foretells the answer's first.
			case c.cfg.Overlong == CutPrompt && over < t.from:
				t.ids, t.from = t.ids[over:], t.from-over
				c.cut++
			default:
				long = append(long, fmt.Sprintf("%d (%d tokens)", t.row.number, len(t.ids)))
				continue
			}
		}
		out = append(out, t)
	}
	if len(long) > 0 {
		return nil, c.refuse(file, long)
	}
	return out, nil
}

// refuse names the rows that are too long, a few of them.
func (c *corpus) refuse(file string, long []string) error {
	const most = 8
	list := strings.Join(long[:min(most, len(long))], ", ")
	if n := len(long) - most; n > 0 {
		list += fmt.Sprintf(" and %d more", n)
	}
	return fault.New(fault.Invalid, "%s: %d rows are longer than sft.max_length %d: lines %s; raise it, or say by "+
		"sft.overlong to drop them or to cut their questions (an answer is never cut)", file, len(long),
		c.cfg.MaxLength, list)
}
