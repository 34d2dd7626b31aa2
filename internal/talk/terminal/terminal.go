// Package terminal puts a person in front of a language model: questions from the command line or typed one by one,
// answers as they are written.
//
// What answers goes to out, all that is said about it to log, so that a pipe gets the answers and nothing else. A
// model on this machine and one behind an endpoint are asked alike. The endpoint's answers come whole; scores,
// choices and what else it cannot do it refuses by name, and says what to use instead. The package reads no flags and
// opens no config: cmd gives it Options.
package terminal

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/llm"
	"hives/internal/talk"
	"hives/internal/talk/schema"
)

// Options say who is asked, and how. Either Model or Endpoint; the fields below each belong to it alone, and Validate
// holds them to that.
//
//	--model m --adapter a                a's matrices beside the weights of m
//	--endpoint u --endpoint-model n      the model n behind u
//	neither                              DefaultModel
type Options struct {
	Model     string // folder or GGUF file; "" is talk.SmallModel unless Endpoint is set
	Adapter   string // folder in PEFT's layout; "" for none
	Template  string
	Precision string
	Engine    string
	Threads   int

	Endpoint      string // http(s)://host:port/v1
	EndpointModel string
	KeyEnv        string

	Questions []string // none: a conversation over in
	System    string
	Sampling  llm.Sampling
	Choices   []string
	Schema    string // file; "" for none
	Scores    bool   // log-probabilities of the choices, in place of an answer
	DryRun    bool   // say what a question would take, and ask nobody
	JSON      bool
}

// Validate refuses what does not go together, before a model is loaded. All are faults of the command line (exit code
// 2), named by the flag: a flag that would be passed over in silence is refused, since its user believes that it
// works.
func (o Options) Validate() error {
	bad := func(format string, args ...any) error { return fault.Usage(fault.New(fault.Invalid, format, args...)) }
	switch {
	case o.Model != "" && o.Endpoint != "":
		return bad("give either --model or --endpoint")
	case o.Endpoint == "" && (o.EndpointModel != "" || o.KeyEnv != ""):
		return bad("--endpoint-model and --api-key-env belong to --endpoint")
	case o.Endpoint != "" && o.EndpointModel == "":
		return bad("--endpoint %s needs --endpoint-model, the model's name there", o.Endpoint)
	case o.Endpoint != "" && o.Adapter != "":
		return bad("--adapter belongs to --model: an endpoint has its own")
	case o.Endpoint != "" && (o.Template != "" || o.Precision != "" || o.Engine != "" || o.Threads != 0):
		return bad("--template, --precision, --engine and --threads belong to --model: an endpoint has its own")
	case o.DryRun && (o.Endpoint != "" || len(o.Questions) == 0):
		return bad("--dry-run says what a question takes of this machine: give one, and no --endpoint")
	case o.Scores && len(o.Choices) == 0:
		return bad("--scores says how probable each of --choices is: give these")
	case o.Schema != "" && len(o.Choices) > 0:
		return bad("give either --schema or --choices")
	case (o.JSON || len(o.Choices) > 0) && len(o.Questions) == 0:
		return bad("--json and --choices are for questions on the command line: give one")
	}
	// The library refuses the same; here it is refused before a model is loaded, which takes long.
	if err := o.Sampling.Validate(); err != nil {
		return fault.Usage(err)
	}
	return nil
}

// Run asks. The model is described on log, answers go to out.
//
// Several questions are several conversations: none is in the memory of the next. Each is repeated before its answer,
// so that the output can be read alone. The first error ends the run.
func Run(ctx context.Context, o Options, in io.Reader, out, log io.Writer) error {
	if err := o.Validate(); err != nil {
		return err
	}
	wanted, err := o.readSchema()
	if err != nil {
		return err
	}
	p, describe, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer p.Close()
	if !o.JSON {
		fmt.Fprintln(log, describe)
	}
	t := &terminal{Options: o, schema: wanted, p: p, out: out, log: log}
	// A pipe on in is a conversation too: a question a line.
	if len(o.Questions) == 0 {
		return t.converse(ctx, in)
	}
	for at, question := range o.Questions {
		if !o.JSON && len(o.Questions) > 1 {
			if at > 0 {
				fmt.Fprintln(out)
			}
			fmt.Fprintf(out, "> %s\n", question)
		}
		if _, err := t.answer(ctx, t.begin(question)); err != nil {
			return err
		}
	}
	return nil
}

// open opens the provider and says in a line what it is.
//
// An endpoint gets a budget without limits: a person is watching, one question at a time. A model on this machine
// gets batches of one row, since rows that nobody uses cost as much as used ones. The small model says of itself that
// it is one, so that its answers are not taken for the program's best.
func (o Options) open(ctx context.Context) (llm.Provider, string, error) {
	if o.Endpoint != "" {
		e := llm.Endpoint{Name: "endpoint", BaseURL: o.Endpoint, APIKeyEnv: o.KeyEnv, Format: llm.FormatText}
		if o.Schema != "" {
			e.Format = llm.FormatSchema
		}
		c, err := llm.NewClient(e.WithDefaults(), llm.NewBudget(llm.Limits{}, 0, 0))
		if err != nil {
			return nil, "", err
		}
		r, err := llm.NewRemote(c, llm.Model{Name: o.EndpointModel, MaxTokens: o.Sampling.Length()})
		return r, fmt.Sprintf("%s at %s", o.EndpointModel, o.Endpoint), err
	}
	dir, small, err := talk.Which(o.Model)
	if err != nil {
		return nil, "", err
	}
	if small != "" {
		small = "; " + small
	}
	m, err := talk.Open(ctx, dir, talk.Options{
		Engine: engine.Options{Kind: engine.Kind(o.Engine), Threads: o.Threads}, Precision: o.Precision, Rows: 1,
		Template: o.Template,
	})
	if err != nil {
		return nil, "", err
	}
	return m, m.Describe() + small, nil
}

// readSchema reads --schema, before a model is loaded. Any JSON object will do here. What it says is judged by
// whoever answers: an endpoint may know more of JSON Schema than the local model does.
func (o Options) readSchema() (map[string]any, error) {
	if o.Schema == "" {
		return nil, nil
	}
	raw, err := fsutil.ReadRegular(o.Schema)
	if err != nil {
		return nil, err
	}
	wanted, err := schema.Decode(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Schema, err)
	}
	return wanted, nil
}

// terminal is one run: the options, who answers, and where it is written.
type terminal struct {
	Options
	schema   map[string]any
	p        llm.Provider
	out, log io.Writer
}

// begin is a conversation of one question. The system message stands in each anew, for it is the run's and not a
// question's.
func (t *terminal) begin(question string) []llm.Message {
	var messages []llm.Message
	if t.System != "" {
		messages = append(messages, llm.Message{Role: llm.System, Content: t.System})
	}
	return append(messages, llm.Message{Role: llm.User, Content: question})
}

// converse takes a question a line until the input ends.
//
// Every question is sent with all that was said before it. A model has no memory but its prompt: the conversation
// grows until it no longer fits the model's positions, which ends the run with an error; an empty line in time begins
// anew.
//
//	> Who wrote Faust?         user
//	> And when?                user, assistant, user
//	>                          forgotten
func (t *terminal) converse(ctx context.Context, in io.Reader) error {
	fmt.Fprintln(t.log, "a question a line; an empty line begins a new conversation, Ctrl-D ends")
	lines := bufio.NewScanner(in)
	// A pasted text may be a line of more than the Scanner's 64 KiB.
	lines.Buffer(nil, 1<<20)
	var messages []llm.Message
	for {
		fmt.Fprint(t.log, "> ")
		if !lines.Scan() {
			fmt.Fprintln(t.log)
			return lines.Err()
		}
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			messages = nil
			continue
		}
		if messages == nil {
			messages = t.begin(line)
		} else {
			messages = append(messages, llm.Message{Role: llm.User, Content: line})
		}
		reply, err := t.answer(ctx, messages)
		if err != nil {
			return err
		}
		messages = append(messages, llm.Message{Role: llm.Assistant, Content: reply.Text})
	}
}

// plan says what a question would take.
func (t *terminal) plan(r llm.Request) error {
	tokens, cache, err := t.p.(*talk.Model).Plan(r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "a prompt of %d tokens, an answer of at most %d: a cache of %s beside the weights\n",
		tokens, r.Sampling.Length(), llm.Megabytes(cache))
	return err
}

// answer asks once and prints what comes. A person who stops it keeps what was said. As JSON an answer comes whole,
// one object a line, with the identity and the sampling that it depends on: what a script keeps must say what it
// would take to get it again.
//
// An error of the reply itself, such as logits that are no numbers, ends the run like one of the call.
func (t *terminal) answer(ctx context.Context, messages []llm.Message) (llm.Reply, error) {
	request := llm.Request{Messages: messages, Sampling: t.Sampling, Choices: t.Choices, Schema: t.schema,
		Adapter: t.Adapter}
	switch {
	case t.DryRun:
		return llm.Reply{}, t.plan(request)
	case t.Scores:
		return llm.Reply{}, t.scores(ctx, messages)
	}
	var reply llm.Reply
	var err error
	// Only the model of this process can be read along with; an endpoint's client returns whole answers.
	if m, streams := t.p.(*talk.Model); streams && !t.JSON && t.Choices == nil {
		reply, err = m.Converse(ctx, request, func(text string) { fmt.Fprint(t.out, text) })
		if reply.Text != "" {
			fmt.Fprintln(t.out)
		}
	} else {
		var replies []llm.Reply
		if replies, err = t.p.Generate(ctx, []llm.Request{request}); len(replies) > 0 {
			reply = replies[0]
		}
		if err == nil && reply.Err == nil && !t.JSON {
			fmt.Fprintln(t.out, reply.Text)
		}
	}
	if err = cmp.Or(err, reply.Err); err != nil {
		return reply, err
	}
	if t.JSON {
		return reply, t.print(map[string]any{
			"question": messages[len(messages)-1].Content, "answer": reply.Text, "finish": reply.Finish,
			"tokens_in": reply.In, "tokens_out": reply.Out, "seconds": reply.Latency.Seconds(),
			"identity": t.p.Identity(), "sampling": t.Sampling,
		})
	}
	// An answer that was cut looks like one that ended: it is said.
	note := ""
	if reply.Finish == llm.FinishLength {
		note = "; cut at --max-tokens"
	}
	fmt.Fprintf(t.log, "[%d tokens read, %d written in %v%s]\n", reply.In, reply.Out,
		reply.Latency.Round(10*time.Millisecond), note)
	return reply, nil
}

// scores prints how probable each choice is, the most probable first.
//
// Three columns, since none is right for all: the total favours short choices, per token it hangs on how the
// tokenizer cuts them, per byte it does not. Logarithms are natural, so −0.693 is one chance in two.
//
//	log-probability  per token  per byte  choice
//	         -1.204     -0.602    -0.401  yes
//	         -4.605     -2.303    -2.303  no
func (t *terminal) scores(ctx context.Context, messages []llm.Message) error {
	all, err := t.p.Score(ctx, []llm.ScoreRequest{{Messages: messages, Options: t.Choices, Adapter: t.Adapter}})
	if err != nil {
		return err
	}
	s := all[0]
	if t.JSON {
		return t.print(map[string]any{
			"question": messages[len(messages)-1].Content, "choices": t.Choices,
			"log_probability": s.Total, "tokens": s.Token, "bytes": s.Bytes, "identity": t.p.Identity(),
		})
	}
	// The choices' numbers are sorted and not the choices: each column is read by the same number.
	order := make([]int, len(t.Choices))
	for at := range order {
		order[at] = at
	}
	// By total, which is what a draw among the choices goes by; equal ones stay in the order given.
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.Total[b], s.Total[a]) })
	fmt.Fprintln(t.out, "log-probability  per token  per byte  choice")
	for _, at := range order {
		fmt.Fprintf(t.out, "%15.3f  %9.3f  %8.3f  %s\n", s.Total[at], s.Total[at]/float64(len(s.Token[at])),
			s.Total[at]/float64(max(1, s.Bytes[at])), t.Choices[at])
	}
	return nil
}

// print writes one object as one line. < and > stay as they are: no page shows it. A map's keys come sorted, so two
// runs can be compared line by line.
func (t *terminal) print(object map[string]any) error {
	e := json.NewEncoder(t.out)
	e.SetEscapeHTML(false)
	return e.Encode(object)
}
