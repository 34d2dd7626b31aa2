package runstore

// olderTerm is how older programs wrote a term of the loss into a step's line: loss_theory for what is
// terms.theory now. What is called so in a validation has its name still.
const olderTerm = "loss_"

// olderTerms are those that they knew.
var olderTerms = []string{"hierarchical", "individual", "theory"}

// NameTerms gives the terms of the loss in a line of metrics.jsonl, which it may change, the names that programs write
// today, so that readers know one name for each. A single term that is the loss itself is left out.
//
//	{"kind": "train", "step": 3, "loss": 5.1, "loss_theory": 2.1}
//	{"kind": "train", "step": 3, "loss": 5.1, "terms": {"theory": 2.1}}
func NameTerms(line map[string]any) {
	if line["kind"] != "train" {
		return
	}
	terms, _ := line["terms"].(map[string]any)
	for _, name := range olderTerms {
		value, there := line[olderTerm+name]
		if !there {
			continue
		}
		if terms == nil {
			terms = map[string]any{}
			line["terms"] = terms
		}
		terms[name] = value
		delete(line, olderTerm+name)
	}
	for _, only := range terms {
		if len(terms) == 1 && only == line["loss"] { // pages would draw one curve twice
			delete(line, "terms")
		}
	}
}
