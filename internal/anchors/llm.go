package anchors

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/template"
	"unicode"
	"unicode/utf8"

	"hives/internal/fault"
	"hives/internal/llm"
)

//go:embed prompts/summary.v1.tmpl
var promptText string

var prompt = template.Must(template.New("summary.v1").Parse(promptText))

// summaryPrompt names the template's version beside every answer.
const summaryPrompt = "anchors/summary.v1"

// A sentence longer than this is no short anchor. The model is asked for words; letters bound what comes.
const summaryWords, summaryLetters = 20, 240

// LLMConfig is the file of --llm.
type LLMConfig struct {
	Endpoint llm.Endpoint `toml:"endpoint"`
	Model    llm.Model    `toml:"model"`
	Budget   llm.Limits   `toml:"budget"`
	Attempts int          `toml:"attempts"` // how often a cluster is asked about while the answers are unusable
}

// DefaultLLM is a configuration without an endpoint.
func DefaultLLM() LLMConfig {
	return LLMConfig{Attempts: 3, Model: llm.Model{MaxTokens: 200}}
}

// LLM is a Summariser that asks one model and keeps every answer in a store: the same build asks nothing
// twice, and gives the same sentences.
type LLM struct {
	cfg    LLMConfig
	run    string
	system string
	store  *llm.Store
	client *llm.Client
}

// NewLLM prepares the endpoint. The run's id is a hash of what its answers depend on.
func NewLLM(ctx context.Context, cfg LLMConfig, store *llm.Store) (*LLM, error) {
	cfg.Endpoint = cfg.Endpoint.WithDefaults()
	if cfg.Model.Name == "" || cfg.Attempts < 1 {
		return nil, fault.Usage(fault.New(fault.Invalid, "anchors: --llm needs model.model and attempts; they are %q and %d", cfg.Model.Name, cfg.Attempts))
	}
	if err := errors.Join(cfg.Model.Validate(), cfg.Budget.Validate()); err != nil {
		return nil, fault.Usage(fmt.Errorf("anchors: --llm: %w", err))
	}
	about, err := json.Marshal(map[string]any{
		"endpoint": cfg.Endpoint.BaseURL, "format": cfg.Endpoint.Format, "model": cfg.Model.Name,
		"temperature": cfg.Model.Temperature, "max_tokens": cfg.Model.MaxTokens, "prompt": llm.Hash(promptText),
	})
	if err != nil {
		return nil, err
	}
	l := &LLM{cfg: cfg, store: store, run: "anchors-" + llm.Hash(string(about))[:16]}
	if err := store.Claim(l.run); err != nil {
		return nil, err
	}
	if err := store.PutRun(ctx, l.run, "anchors", string(about)); err != nil {
		return nil, err
	}
	if err := store.PutPrompt(ctx, l.prompt()); err != nil {
		return nil, err
	}
	tokens, micro, _, err := store.Used(ctx, l.run)
	if err != nil {
		return nil, err
	}
	if l.client, err = llm.NewClient(cfg.Endpoint, llm.NewBudget(cfg.Budget, tokens, micro)); err != nil {
		return nil, err
	}
	l.system, err = filled("system", nil)
	return l, err
}

func (l *LLM) prompt() llm.Prompt { return llm.Prompt{Name: summaryPrompt, Text: promptText} }

// Name implements Summariser.
func (l *LLM) Name() string { return "llm:" + l.cfg.Model.Name }

// Summarise implements Summariser. The item asked about is the list of exemplars: the same exemplars in the
// same order have the same answer, in whatever cluster they stand.
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
	item := llm.Item{ID: llm.Hash(texts)[:32], Text: texts}
	if err := l.store.PutItems(ctx, []llm.Item{item}); err != nil {
		return "", err
	}
	vote, _, err := llm.Ask(ctx, l.store, l.client, llm.Question{
		Run: l.run, Prompt: l.prompt(), Item: item.ID, Voter: l.cfg.Model.Name, About: "summary",
		Request:     llm.Request{Model: l.cfg.Model, System: l.system, User: ask, Schema: sentenceSchema},
		Parse:       parseSentence,
		MaxAttempts: l.cfg.Attempts,
	})
	if err != nil {
		return "", saved(err)
	}
	if vote.Parsed == "" {
		return "", nil // every attempt was unusable: the medoid's text stands in
	}
	var sentence string
	err = json.Unmarshal([]byte(vote.Parsed), &sentence)
	return sentence, err
}

// saved marks the errors after which the same command goes on: the answers so far are kept.
func saved(err error) error {
	switch fault.Of(err) {
	case fault.Canceled, fault.Unavailable, fault.Exhausted:
		return fault.Saved(err)
	}
	return err
}

func filled(name string, data any) (string, error) {
	var b strings.Builder
	err := prompt.ExecuteTemplate(&b, name, data)
	return b.String(), err
}

var sentenceSchema = map[string]any{
	"type": "object", "additionalProperties": false, "required": []string{"sentence"},
	"properties": map[string]any{"sentence": map[string]any{"type": "string"}},
}

// parseSentence reads an answer into the sentence as JSON, or says what it lacks without repeating it.
func parseSentence(raw string) (string, error) {
	object, err := llm.Repair(raw)
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
