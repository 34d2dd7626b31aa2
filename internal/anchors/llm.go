package anchors

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"text/template"
	"unicode"
	"unicode/utf8"

	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
)

//go:embed prompts/summary.v1.tmpl
var promptText string

// prompt is parsed when the program starts: a fault in it is a bug of ours and shows in every test.
var prompt = template.Must(template.New("summary.v1").Parse(promptText))

// summaryPrompt names the template's version beside every answer. Another wording gets another version, and asks
// anew.
const summaryPrompt = "anchors/summary.v1"

// A sentence longer than this is no short anchor. The model is asked for words; letters bound what comes.
const summaryWords, summaryLetters = 20, 240

// LLMConfig is the file of --llm.
//
//	[endpoint]
//	name = "here"
//	base_url = "http://127.0.0.1:8080/v1"
//	[model]
//	model = "any"
//
// With provider = "local" in [model] there is no endpoint: model.model is the folder of a language model that is
// computed here.
type LLMConfig struct {
	Endpoint llm.Endpoint `toml:"endpoint"`
	Model    llm.Model    `toml:"model"`
	Budget   llm.Limits   `toml:"budget"`
	Attempts int          `toml:"attempts"` // how often a cluster is asked about while the answers are unusable

	Opener llm.Opener `toml:"-"` // of a local model
}

// DefaultLLM is a configuration without an endpoint.
func DefaultLLM() LLMConfig {
	return LLMConfig{Attempts: 3, Model: llm.Model{MaxTokens: 200}}
}

// complete refuses what could not work and seats the model as the only voter. One voter, one question at a time:
// answers come in the order of the clusters, and a budget ends at a cluster.
func (c LLMConfig) complete() (judge.Config, error) {
	if c.Model.Name == "" || c.Attempts < 1 {
		return judge.Config{}, fault.Usage(fault.New(fault.Invalid, "anchors: --llm needs model.model and attempts; "+
			"they are %q and %d", c.Model.Name, c.Attempts))
	}
	if err := errors.Join(c.Model.Validate(), c.Budget.Validate()); err != nil {
		return judge.Config{}, fault.Usage(fmt.Errorf("anchors: --llm: %w", err))
	}
	voter := judge.Voter{Name: c.Model.Name, Endpoint: c.Endpoint.Name, Prompt: summaryPrompt, Model: c.Model}
	cfg := judge.Config{Budget: c.Budget, Attempts: c.Attempts, Parallel: 1, Opener: c.Opener}
	if c.Model.AtHome() {
		if c.Endpoint != (llm.Endpoint{}) {
			return cfg, fault.Usage(fault.New(fault.Invalid, "anchors: --llm: provider is local, and an endpoint is given"))
		}
		// Clusters are asked about one after the other: rows beside the one would be computed for nobody.
		voter.Batch, voter.Name = max(1, voter.Batch), filepath.Base(c.Model.Name)
		voter.Ask = judge.AskJSON // sentences are no closed list
	} else {
		cfg.Endpoints = []llm.Endpoint{c.Endpoint.WithDefaults()}
	}
	cfg.Voters = []judge.Voter{voter}
	return cfg, nil
}

// LLM is a Summariser that asks one model and keeps every answer in a store: the same build asks nothing twice, and
// gives the same sentences. A Summariser may be asked again after a stop: the store answers what it knows.
type LLM struct {
	model  string
	system string
	judge  *judge.Judge
	close  func()
}

// NewLLM prepares the endpoint, or opens the local model. The run's id is a hash of what its answers depend on: another
// model, temperature or prompt is another run and asks anew; the same one finds its answers in the store. Who makes one
// owes it Close.
func NewLLM(ctx context.Context, c LLMConfig, store *judge.Store) (*LLM, error) {
	cfg, err := c.complete()
	if err != nil {
		return nil, err
	}
	if cfg, err = cfg.Open(ctx); err != nil {
		return nil, fmt.Errorf("anchors: --llm: %w", err)
	}
	l := &LLM{model: cfg.Voters[0].Name, close: cfg.Close}
	run, err := runOf(cfg)
	if err == nil {
		l.judge, err = judge.New(ctx, cfg, run, store)
	}
	if err == nil {
		l.system, err = filled("system", nil)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// runOf names the run by all that an answer depends on: runs that agree in it share their answers. Keys of a local
// model are its own; those of an endpoint are as they always were.
func runOf(cfg judge.Config) (judge.Run, error) {
	who := cfg.Identities()[0]
	about := map[string]any{
		"endpoint": who.BaseURL, "format": who.Format, "model": who.Model,
		"temperature": who.Temperature, "max_tokens": who.MaxTokens, "prompt": judge.Hash(promptText),
	}
	if who.Local != nil {
		about["local"] = who.Local
	}
	run, err := judge.NewRun("anchors", about)
	run.ID = "anchors-" + run.ID
	return run, err
}

// Close frees a local model.
func (l *LLM) Close() { l.close() }

// Name implements Summariser.
func (l *LLM) Name() string { return "llm:" + l.model }

// Summarise implements Summariser. The item asked about is the list of exemplars: the same exemplars in the same
// order have the same answer, in whatever cluster they stand.
//
//	asked    … Say what they have in common in one plain sentence of at most 20 words. …
//	         ["Matt buys Mona a new laptop.", "Mike calls his girlfriend once a week."]
//	answer   {"sentence": "Giving a partner time or gifts."}
//	kept     "Giving a partner time or gifts.", llm:MODEL
//
// The list is JSON, so that a text that holds a quotation mark, or an order to the model, stays inside its
// quotes.
func (l *LLM) Summarise(ctx context.Context, exemplars []string) (string, error) {
	var quoted bytes.Buffer
	list := json.NewEncoder(&quoted) // JSON's quoting keeps texts from ending their own quotation
	list.SetIndent("", " ")
	if err := list.Encode(exemplars); err != nil {
		return "", err
	}
	texts := strings.TrimSpace(quoted.String())
	ask, err := filled("ask", map[string]any{"Words": summaryWords, "Texts": texts})
	if err != nil {
		return "", err
	}
	vote, _, err := l.judge.Ask(ctx, 0, judge.Question{
		Item: judge.Item{ID: judge.Hash(texts)[:32], Text: texts}, Prompt: judge.Prompt{Name: summaryPrompt,
			Text: promptText},
		About: "summary", System: l.system, User: ask, Schema: sentenceSchema, Parse: parseSentence,
	})
	if err != nil {
		return "", judge.Resumable(err)
	}
	if vote.Parsed == "" {
		return "", nil // every attempt was unusable: the medoid's text stands in
	}
	var sentence string
	err = json.Unmarshal([]byte(vote.Parsed), &sentence)
	return sentence, err
}

// filled writes one of the prompt's parts. A part that the template lacks is an error, and there is none that it
// lacks.
func filled(name string, data any) (string, error) {
	var b strings.Builder
	err := prompt.ExecuteTemplate(&b, name, data)
	return b.String(), err
}

// sentenceSchema is what an endpoint with schemas holds the model to; parseSentence reads what others give.
var sentenceSchema = map[string]any{
	"type": "object", "additionalProperties": false, "required": []string{"sentence"},
	"properties": map[string]any{"sentence": map[string]any{"type": "string"}},
}

// parseSentence reads an answer into the sentence as JSON, or says what it lacks without repeating it: the
// complaint goes back to the model, and an answer may be made of strangers' texts.
//
//	{"sentence": "Giving a partner  time."}     "Giving a partner time."
//	{"sentence": "…"}                           no sentence: not a letter in it
//	{"sentence": "(300 letters)"}               too long
func parseSentence(raw string) (string, error) {
	object, err := judge.Repair(raw)
	if err != nil {
		return "", err
	}
	text, ok := object["sentence"].(string)
	text = strings.Join(strings.Fields(text), " ")
	switch {
	case !ok || strings.IndexFunc(text, unicode.IsLetter) < 0:
		return "", errors.New("no sentence in the answer")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", errors.New("the sentence holds characters that are no text")
	case utf8.RuneCountInString(text) > summaryLetters:
		return "", errors.New("the sentence is too long for an anchor")
	}
	out, err := json.Marshal(text)
	return string(out), err
}
