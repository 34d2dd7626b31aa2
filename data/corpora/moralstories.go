package corpora

import (
	"path/filepath"
	"slices"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/strictjson"
)

// story is a line of Moral Stories: one of the two actions, or both.
type story struct {
	Norm    string `json:"norm"`
	Moral   string `json:"moral_action"`
	Immoral string `json:"immoral_action"`
	Label   string `json:"label"` // "1" beside a moral action, "0" beside an immoral one
}

// readMoralStories joins the stories to Social Chemistry's rules by the norm's normalised text.
//
//	{"norm": "It's good to help a neighbour.", "moral_action": "Ann carries his bags.", "label": "1"}
//
// If a rule reads "it's good to help a neighbour" and has the foundation care-harm, the action becomes a row of
// mft care/harm, supporting. Rules are read first, all of them: a story does not say which file its rule is in.
func readMoralStories(c *collector) error {
	paths, err := find(c.In, "moral_stories*.jsonl", "*.jsonl")
	if err != nil {
		return err
	}
	rules, err := c.rules()
	if err != nil {
		return err
	}
	for _, path := range paths {
		c.sum.Files = append(c.sum.Files, path)
		err := c.eachJSON(path, func(line int, text []byte) error {
			return c.settle(path, line, line, c.story(text, rules))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rules reads the foundations of every rule: the union where several records have the rule. Of 8,598 rules 246
// were judged unlike by several annotators; each foundation was somebody's.
//
//	rule                            foundations of two records     what stories of it get
//	"It's good to share."           care | care, fairness          care and fairness
//	"You shouldn't yawn at work."   none                           nothing: dropped, and counted
func (c *collector) rules() (map[string][]theories.Path, error) {
	// Social Chemistry lies beside the stories unless somebody says where.
	dir := c.Rules
	if dir == "" {
		dir = filepath.Join(c.In, "..", "social_chem")
	}
	paths, err := socialChemFiles(dir)
	if err != nil {
		return nil, fault.New(fault.Of(err), "rules of Social Chemistry: %w; name their folder with --rules", err)
	}
	out := map[string][]theories.Path{}
	for _, path := range paths {
		c.sum.Files = append(c.sum.Files, path)
		err := c.eachRule(path, []string{scFoundations, scRule}, func(r record) error {
			c.sum.Records-- // only the stories are records of this corpus
			nodes, err := foundations(r.get(scFoundations))
			if err != nil {
				return err
			}
			// Stories quote rules with another case or full stop.
			norm := data.NormaliseText(r.get(scRule))
			known := out[norm]
			for _, p := range nodes {
				if !slices.Contains(known, p) {
					known = append(known, p)
				}
			}
			out[norm] = known
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// story makes rows of a line's actions, one a foundation of its rule. The moral action supports the rule's value,
// the immoral one opposes it. In the public parts at hand, all opposing rows come from here.
//
//	{"norm": "It's good to share.", "moral_action": "Ann shares.", "immoral_action": "Ann keeps all.", "label": "1"}
//
// gives "Ann shares." supporting care and fairness, and "Ann keeps all." opposing both: four rows of one group.
func (c *collector) story(line []byte, rules map[string][]theories.Path) error {
	var s story
	if err := strictjson.Decode(line, &s); err != nil {
		return wrongf("%w", err)
	}
	if s.Norm == "" || (s.Moral == "" && s.Immoral == "") {
		return wrongf("lacks the norm or both actions")
	}
	if (s.Label == "1" && s.Moral == "") || (s.Label == "0" && s.Immoral == "") {
		return wrongf("label %q does not go with the action that is there", s.Label)
	}
	// A rule without foundations is told apart from no rule: the first is the corpus's word, the second a gap.
	nodes, joined := rules[data.NormaliseText(s.Norm)]
	switch {
	case !joined:
		c.drop("story whose norm is no rule at hand")
		return nil
	case len(nodes) == 0:
		c.drop("story whose rule has no foundation")
		return nil
	}
	c.note("lines joined to a rule with foundations", 1)
	if err := c.act(s.Moral, s.Norm, nodes, data.Supports); err != nil {
		return err
	}
	return c.act(s.Immoral, s.Norm, nodes, data.Opposes)
}

// act adds the rows of one action; a line may lack one of the two. The group is the norm: both actions of a story,
// and all stories of a norm, stay on one side of a split.
func (c *collector) act(action, norm string, nodes []theories.Path, direction int32) error {
	if action == "" {
		return nil
	}
	t, err := newText(action, norm)
	if err != nil {
		return err
	}
	for _, p := range nodes {
		c.add(t, "mft", p, direction, data.SourceAnnotated)
	}
	return nil
}
