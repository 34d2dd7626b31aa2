package chat

import (
	"regexp"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/tokenizer"
)

// Template is how a family of models was taught to read a conversation. Templates in a model's files are programs in
// Jinja; they are recognised here, not run, so that what a user writes is never read as a part of one.
type Template struct {
	Name string // chatml, qwen3 or llama3
	// System is what stands in the place of a system message where there is none: models that were trained with one
	// answer worse without it. Empty: nothing.
	System string
}

// The names of templates.
const (
	ChatML = "chatml" // <|im_start|>user … <|im_end|>: SmolLM2, Qwen2.5
	Qwen3  = "qwen3"  // the same, the assistant's turn opened with an empty thought
	Llama3 = "llama3" // <|start_header_id|>user<|end_header_id|> … <|eot_id|>
)

// Templates are all that can be forced by name.
var Templates = []string{ChatML, Qwen3, Llama3}

// chatSystem finds the system message that a ChatML template writes where none is given. The line's end is a real one
// or, within a Jinja string, the two letters \n.
var chatSystem = regexp.MustCompile(`<\|im_start\|>system(?:\n|\\n)([^<{}'"]+)<\|im_end\|>`)

// Recognise reads the template in a model's file. What marks it is what the conversation is made of; anything that
// would be rendered otherwise than here is refused, with the file.
//
// The marks that are looked for in vain say what is not known: <|im_sep|> is Phi's, and Llama 3.1 and later write
// dates ("Cutting Knowledge Date") into a system message of their own.
func Recognise(file, template string) (Template, error) {
	has := func(part string) bool { return strings.Contains(template, part) }
	switch {
	case has("<|im_start|>") && has("<|im_end|>") && has("enable_thinking"):
		return Template{Name: Qwen3}, nil
	case has("<|im_start|>") && has("<|im_end|>") && !has("<|im_sep|>"):
		t := Template{Name: ChatML}
		if found := chatSystem.FindStringSubmatch(template); found != nil {
			t.System = found[1]
		}
		return t, nil
	case has("<|start_header_id|>") && has("<|eot_id|>") && !has("Cutting Knowledge Date"):
		return Template{Name: Llama3}, nil
	}
	return Template{}, fault.New(fault.Invalid, "%s: its chat template is none that is known here (%s): name the one "+
		"that fits with --template, if one does", file, strings.Join(Templates, ", "))
}

// Named returns the template of a name, without a default system message. A default one stands in the model's own
// template, which a forced name replaces as a whole.
func Named(name string) (Template, error) {
	if !slices.Contains(Templates, name) {
		return Template{}, fault.New(fault.Invalid, "template %q: want one of %s", name, strings.Join(Templates, ", "))
	}
	return Template{Name: name}, nil
}

// marks are the control tokens of a template.
type marks struct {
	begin            string // before everything; "" for nothing
	opens, headed    string // around the role
	ends             string // after a message: the end of a turn
	behind, thinking string // text after the end; what opens the assistant's answer
	trims            bool   // messages lose blanks at their ends
}

// layouts are the templates as a table. The empty thought of Qwen3 is what its own template writes with thinking
// switched off: the model then answers at once.
var layouts = map[string]marks{
	ChatML: {opens: "<|im_start|>", ends: "<|im_end|>", behind: "\n"},
	Qwen3:  {opens: "<|im_start|>", ends: "<|im_end|>", behind: "\n", thinking: "<think>\n\n</think>\n\n"},
	Llama3: {begin: "<|begin_of_text|>", opens: "<|start_header_id|>", headed: "<|end_header_id|>", ends: "<|eot_id|>",
		trims: true},
}

// Renderer writes conversations in one template for one tokenizer.
type Renderer struct {
	Template
	layout marks
	tok    tokenizer.Talker
	ids    map[string][]int32 // of the control tokens
}

// NewRenderer resolves the template's control tokens, and refuses a tokenizer that lacks one. Spelled out as letters
// a control token would be read as text: the model would see no turns at all.
func NewRenderer(t Template, tok tokenizer.Talker) (*Renderer, error) {
	r := &Renderer{Template: t, layout: layouts[t.Name], tok: tok, ids: make(map[string][]int32)}
	for _, mark := range []string{r.layout.begin, r.layout.opens, r.layout.headed, r.layout.ends} {
		if mark == "" {
			continue
		}
		id, ok := tok.TokenID(mark)
		if !ok {
			return nil, fault.New(fault.Mismatch, "template %s is written with %s, which the tokenizer does not have: "+
				"the template is another model's", t.Name, mark)
		}
		r.ids[mark] = []int32{id}
	}
	return r, nil
}

// TurnEnd is the id that ends a turn: an answer stops there. Every template has one, and NewRenderer found it in the
// tokenizer.
func (r *Renderer) TurnEnd() int32 { return r.ids[r.layout.ends][0] }

// Render writes the ids of a conversation, the assistant's turn opened behind it and begun with prefix.
//
//	chatml, one message "Hi" by the user, prefix "Well":
//	<|im_start|> user \n Hi <|im_end|> \n <|im_start|> assistant \n Well
//
// Each message is encoded by itself and as data, so "<|im_end|>" in it stays ten letters. Invariant: the ids hold as
// many ends of turns as there are messages, whatever they say.
//
// The prefix begins the answer and is not part of the reply's text. Errors name the message by its place, from 1.
func (r *Renderer) Render(messages []Message, prefix string) ([]int32, error) {
	if err := checkTurns(messages); err != nil {
		return nil, err
	}
	if r.System != "" && messages[0].Role != System {
		messages = append([]Message{{Role: System, Content: r.System}}, messages...)
	}
	ids := slices.Clone(r.ids[r.layout.begin])
	for at, m := range messages {
		content := m.Content
		if r.layout.trims {
			content = strings.TrimSpace(content)
		}
		var err error
		if ids, err = r.tok.EncodePlain(r.head(ids, m.Role), content); err != nil {
			return nil, fault.New(fault.Of(err), "message %d (%s): %w", at+1, m.Role, err)
		}
		ids = append(ids, r.ids[r.layout.ends]...)
		ids = r.own(ids, r.layout.behind)
	}
	ids = r.own(r.head(ids, Assistant), r.layout.thinking)
	return r.tok.EncodePlain(ids, prefix)
}

// head opens a turn. In ChatML the role ends with its line; Llama 3 has a control token for that, and a blank line
// behind it.
//
//	chatml    <|im_start|> user \n
//	llama3    <|start_header_id|> user <|end_header_id|> \n\n
func (r *Renderer) head(ids []int32, role string) []int32 {
	ids = append(ids, r.ids[r.layout.opens]...)
	if r.layout.headed == "" {
		return r.own(ids, role+"\n")
	}
	ids = append(r.own(ids, role), r.ids[r.layout.headed]...)
	return r.own(ids, "\n\n")
}

// own encodes the template's own text, in which control tokens are meant: <think> is one.
func (r *Renderer) own(ids []int32, text string) []int32 {
	ids, err := r.tok.Encode(ids, text)
	if err != nil {
		panic(err) // our own constants are valid UTF-8
	}
	return ids
}

// checkTurns refuses a conversation that no model was taught: one without a user, with an unknown role, or with a
// system message that does not come first. It would be rendered without complaint and answered worse, and nobody
// would know why.
func checkTurns(messages []Message) error {
	if len(messages) == 0 {
		return fault.New(fault.Invalid, "a conversation without a message: give one by the user")
	}
	for at, m := range messages {
		switch {
		case m.Role != System && m.Role != User && m.Role != Assistant:
			return fault.New(fault.Invalid, "message %d is by %q: want system, user or assistant", at+1, m.Role)
		case m.Role == System && at > 0:
			return fault.New(fault.Invalid, "message %d is by the system: it may only come first", at+1)
		}
	}
	// A begun answer is a request's Prefix, never a last message by the assistant.
	if messages[len(messages)-1].Role != User {
		return fault.New(fault.Invalid, "the last message is by %q: an answer follows one by the user",
			messages[len(messages)-1].Role)
	}
	return nil
}
