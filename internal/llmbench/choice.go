package llmbench

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/trainer/sft"
	"hives/vcai"
)

const nothing = "N/A"

// add appends an item with the number of its line for an id, where the file gives none.
func add(out *[]item, it item) {
	it.id = cmp.Or(it.id, fmt.Sprint(len(*out)+1))
	*out = append(*out, it)
}

// choice is an item whose options are asked for in one form, in the order of the file.
func choice(user, blind string, options []string, right int) item {
	return item{options: len(options), right: right,
		forms: []form{{user: user, blind: blind, options: options, places: inOrder(len(options))}}}
}

// hellaswag: ctx, endings, label.
func hellaswag(path string) (out []item, err error) {
	return out, records(path, func(r *record) error {
		const ask = "Go on with this text, in one sentence.\n\n"
		context, endings := r.text("ctx"), r.texts("endings")
		if len(endings) != 4 {
			r.bad("the field %q has %d endings: want 4", "endings", len(endings))
		}
		it := choice(ask+context, ask+nothing, endings, r.one("label", "0", "1", "2", "3"))
		if r.has("split_type") {
			it.group = r.text("split_type")
		}
		add(&out, it)
		return nil
	})
}

// questionWithChoices: question.stem, question.choices[].text and .label, answerKey.
func questionWithChoices(path string) (out []item, err error) {
	return out, records(path, func(r *record) error {
		stem, key := r.text("question.stem"), r.text("answerKey")
		v, _ := r.at("question.choices")
		list, _ := v.([]any)
		if len(list) < 2 {
			r.bad("the field %q is missing, or holds fewer than two", "question.choices")
		}
		var options []string
		right := -1
		for i, one := range list {
			object, _ := one.(map[string]any)
			c := &record{of: object}
			options = append(options, c.text("text"))
			if c.text("label") == key {
				right = i
			}
			if c.err != nil {
				r.bad("question.choices, %d: %w", i+1, c.err)
			}
		}
		if right < 0 {
			r.bad("the field %q is %q, which is no choice's label", "answerKey", key)
		}
		it := choice(stem, nothing, options, right)
		if r.has("id") {
			it.id = r.text("id")
		}
		add(&out, it)
		return nil
	})
}

// winogrande: sentence with _, option1, option2, answer. The two sentences differ in the word that fills the blank, so
// what is scored is what both have in common behind it: the word itself would be scored for being a common name.
func winogrande(path string) (out []item, err error) {
	return out, records(path, func(r *record) error {
		before, after, found := strings.Cut(r.text("sentence"), "_")
		if !found || strings.TrimSpace(after) == "" {
			r.bad("the field %q has no _ with something behind it", "sentence")
		}
		it := item{options: 2, right: r.one("answer", "1", "2")}
		for i, name := range []string{"option1", "option2"} {
			it.forms = append(it.forms, form{user: "Write one sentence.", prefix: before + r.text(name),
				options: []string{after},
				places:  []int{i}})
		}
		add(&out, it)
		return nil
	})
}

// rte: sentence1 and sentence2 (or premise and hypothesis), label.
func rte(path string) (out []item, err error) {
	return out, records(path, func(r *record) error {
		first, second := "sentence1", "sentence2"
		if r.has("premise") {
			first, second = "premise", "hypothesis"
		}
		user := fmt.Sprintf("%s\n\nDoes this follow from it: %s\nAnswer yes or no.", r.text(first), r.text(second))
		// Two publishers, two ways to write a label; 0 and entailment are yes.
		right := r.one("label", "entailment", "not_entailment", "0", "1") % 2
		add(&out, choice(user, nothing+"\n\nDoes this follow from it: "+nothing+"\nAnswer yes or no.",
			[]string{"Yes", "No"}, right))
		return nil
	})
}

// bbq: context, question, ans0 to ans2, label, and what is known of the groups. Each of the three rotations of the
// options is asked, since a model that likes what stands first would look biased, or fair, by their order.
func bbq(path string) (out []item, err error) {
	return out, records(path, func(r *record) error {
		options := []string{r.text("ans0"), r.text("ans1"), r.text("ans2")}
		it := item{id: r.text("example_id"), group: r.text("category"), options: 3, right: r.one("label", "0", "1", "2"),
			about: &prejudice{ambiguous: r.one("context_condition", "disambig", "ambig") == 1,
				negative: r.one("question_polarity", "nonneg", "neg") == 1, roles: roles(r)}}
		told, asked := r.text("context"), r.text("question")
		for first := range options {
			f := form{}
			for i := range options {
				at := (first + i) % len(options)
				f.options, f.places = append(f.options, options[at]), append(f.places, at)
			}
			list := "\nOne of: " + strings.Join(f.options, "; ") + "."
			f.user, f.blind = told+"\n"+asked+list, nothing+list
			it.forms = append(it.forms, f)
		}
		add(&out, it)
		return nil
	})
}

// roles tell which answer names the group that the prejudice is about. Groups are written in several ways (F-Black,
// Black; Nonold): an item whose two people are not exactly one of the group and one other is in no bias figure, and
// counted.
func roles(r *record) (out []string) {
	stereotyped := map[string]bool{}
	for _, group := range r.texts("additional_metadata.stereotyped_groups") {
		stereotyped[plainGroup(group)] = true
	}
	targets, unknown := 0, 0
	for i := range 3 {
		info := r.texts(fmt.Sprintf("answer_info.ans%d", i))
		if len(info) != 2 {
			r.bad("the field %q has %d entries: want 2", fmt.Sprintf("answer_info.ans%d", i), len(info))
			return nil
		}
		switch group := plainGroup(info[1]); {
		case group == "unknown":
			unknown++
			out = append(out, vcai.Unknown)
		case stereotyped[group]:
			targets++
			out = append(out, vcai.Target)
		default:
			out = append(out, vcai.Other)
		}
	}
	if targets != 1 || unknown != 1 {
		return nil
	}
	return out
}

// plainGroup takes off a group's sex and how it is written: F-Black, black.
func plainGroup(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if len(s) > 2 && (s[:2] == "f-" || s[:2] == "m-") {
		s = s[2:]
	}
	return strings.ReplaceAll(s, " ", "")
}

// answerPairs: rows of train --stage=sft. Of each question's rows of one value the answers of the highest level and of
// the lowest are compared: option 0 is for the value. Only held-out rows are read where the file says which these are,
// since of a question that was trained on the odds say nothing.
func answerPairs(path string) ([]item, error) {
	rows, _, err := sft.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(rows, func(r sft.Row) bool { return r.Split != "" }) {
		rows = slices.DeleteFunc(rows, func(r sft.Row) bool { return r.Split == "train" })
	}
	var out []item
	for i := range rows {
		plus := &rows[i]
		if plus.Level == nil || *plus.Level <= 0 || plus.QuestionID == "" {
			continue
		}
		at := slices.IndexFunc(rows, func(r sft.Row) bool {
			return r.QuestionID == plus.QuestionID && r.ValueID == plus.ValueID && r.Level != nil && *r.Level == -*plus.Level
		})
		if at < 0 {
			continue
		}
		it, err := pairOf(plus, &rows[at])
		if err != nil {
			return nil, fault.New(fault.Of(err), "%s: question %s: %w", path, plus.QuestionID, err)
		}
		add(&out, it)
	}
	return out, nil
}

func pairOf(plus, minus *sft.Row) (item, error) {
	n := len(plus.Messages)
	f := form{places: inOrder(2), options: []string{plus.Messages[n-1].Content,
		minus.Messages[len(minus.Messages)-1].Content}}
	switch asked := plus.Messages[:n-1]; {
	case !slices.Equal(asked, minus.Messages[:len(minus.Messages)-1]):
		return item{}, fault.New(fault.Mismatch, "the two answers stand behind different questions")
	case n == 2 && asked[0].Role == llm.User:
		f.user = asked[0].Content
	case n == 3 && asked[0].Role == llm.System:
		f.system, f.user = asked[0].Content, asked[1].Content
	default:
		return item{}, fault.New(fault.Invalid,
			"%d messages: want a question and its answer, with or without a system message", n)
	}
	return item{id: plus.QuestionID, group: plus.ValueID, forms: []form{f}, options: 2}, nil
}
