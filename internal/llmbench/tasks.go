package llmbench

import (
	"slices"

	"hives/internal/fault"
	"hives/internal/nearest"
)

// task is one kind of file.
type task struct {
	name  string
	about string
	load  func(path string) ([]item, error)
	judge bool // answers are read by a judge, if there is one
	grid  bool // every prompt is asked under many ways of sampling
	turns bool // a second question follows the answer to the first
	cold  bool // prompts may ask for harm: they are kept by hash
}

// tasks in the order of the help.
var tasks = []task{
	{name: "hellaswag", about: "which of four endings goes on a text (jsonl)", load: hellaswag},
	{name: "openbookqa", about: "questions of elementary science (jsonl)", load: questionWithChoices},
	{name: "commonsenseqa", about: "questions of common sense (jsonl)", load: questionWithChoices},
	{name: "winogrande", about: "whom a pronoun means (jsonl)", load: winogrande},
	{name: "rte", about: "whether one sentence follows from another (jsonl or tsv)", load: rte},
	{name: "bbq", about: "bias in answers about people, a category a file (jsonl)", load: bbq},
	{name: "pairs", about: "answers for and against a value, rows of train --stage=sft (jsonl)", load: answerPairs},
	{name: "mt-bench", about: "two turns, judged from 1 to 10 (jsonl)", load: mtBench, judge: true, turns: true},
	{name: "xstest", about: "harmless and harmful requests: which are refused (csv)", load: xstest, judge: true,
		cold: true},
	{name: "exploitation", about: "harmful requests under many ways of sampling (txt, csv, jsonl)", load: prompts,
		judge: true, grid: true, cold: true},
}

// Names are those of all tasks.
func Names() (out []string) {
	for _, t := range tasks {
		out = append(out, t.name)
	}
	return out
}

// About says what a task is, for a help.
func About(name string) string {
	t, _ := find(name)
	return t.about
}

func find(name string) (task, error) {
	at := slices.IndexFunc(tasks, func(t task) bool { return t.name == name })
	if at < 0 {
		return task{}, fault.Usage(fault.New(fault.Invalid, "task %q is not known: %s", name, nearest.Hint(name, Names())))
	}
	return tasks[at], nil
}

// item is one entry of a file.
type item struct {
	id    string
	group string // category, side, value: figures are taken of each
	// Of a choice: the forms in which it is asked, whose scores are averaged, and which option is right.
	forms   []form
	options int
	right   int
	// Of an open question: what is asked, one turn after another.
	turns []string

	about *prejudice // of BBQ
}

// form is one way to put a choice. Option i of it is the item's option places[i].
type form struct {
	system, user, prefix string
	blind                string // user with N/A in the question's place; "" where nothing can be left out
	options              []string
	places               []int
}

// prejudice is what BBQ knows of an item.
type prejudice struct {
	ambiguous, negative bool
	roles               []string // of each option: target, other, unknown; nil where the file does not say
}

// inOrder are the places of options that stand as in the item.
func inOrder(n int) (out []int) {
	for i := range n {
		out = append(out, i)
	}
	return out
}
