package daemon

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"hives/internal/chat"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/serve/chatapi"
	"hives/internal/talk"
)

// checkLLM refuses what could not work about the language model, and settings of a model that there is none of: a name
// for nobody is a mistake in the command line, and would else be found by the first client.
func (c Config) checkLLM() error {
	bad := func(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }
	switch {
	case c.LLM == "" && (c.LLMName != "" || c.LLMTemplate != ""):
		return bad("--llm-name and --llm-template are for a language model: give --llm DIR")
	case c.Model == "" && (c.Vectors != "" || c.Profile != "" || c.Name != "" || c.MaxLength != 0):
		return bad("--vectors, --profile, --name and --max-length are for a model that embeds: give --model DIR")
	case c.LLM != "" && c.HTTPListen == "":
		return bad("--llm is served over HTTP: give --http-listen ADDR, as 127.0.0.1:8080")
	case c.LLMTemplate != "" && !slices.Contains(chat.Templates, c.LLMTemplate):
		return bad("--llm-template %q: want one of %s", c.LLMTemplate, strings.Join(chat.Templates, ", "))
	case c.LLM != "" && !slices.Contains([]string{"f32", "mixed", "bf16"}, c.Precision):
		return bad("--precision %q: a language model is computed in f32, mixed or bf16", c.Precision)
	case c.LLMName != "" && slices.Contains(strings.Split(c.LLMName, ","), ""):
		return bad("--llm-name %q: want a name, or several with commas between them", c.LLMName)
	case c.LLMRows < 1 || c.LLMRows > 256:
		return bad("--llm-rows %d: want 1 to 256", c.LLMRows)
	case c.LLMMaxTokens < 1 || c.LLMMaxLength < 2 || c.LLMQueue < 1:
		return bad("--llm-max-tokens %d, --llm-max-length %d, --llm-queue %d: want 1, 2 and 1 or more", c.LLMMaxTokens,
			c.LLMMaxLength, c.LLMQueue)
	}
	return nil
}

// shortPrompt is the length that the shortest prompts are padded to, in tokens. A cache holds one with the longest
// answer that none has to ask for, so that most requests share the shapes that are compiled for it.
const shortPrompt = 32

// patience is how many times the time of an embedding's batch the language model's engine may be silent: a shape that
// comes for the first time is compiled then, which the other engine does before it serves.
const patience = 5

// languageModel is nil where the settings name none. It is not loaded yet.
func (c Config) languageModel(log *slog.Logger) *chatapi.API {
	if c.LLM == "" {
		return nil
	}
	return chatapi.New(chatapi.Options{
		Dir: c.LLM, Names: commas(c.LLMName), Rows: c.LLMQueue, Timeout: time.Duration(c.LLMTimeout), Log: log,
		Hang: patience * time.Duration(c.EngineTimeout),
		Model: talk.Options{
			Engine:    engine.Options{Kind: engine.Kind(c.Engine), Threads: c.Threads},
			Precision: c.Precision, Rows: c.LLMRows, Template: c.LLMTemplate,
			MaxLength: c.LLMMaxLength, Length: c.LLMMaxTokens, Slots: min(c.LLMMaxLength, c.LLMMaxTokens+shortPrompt),
		},
	})
}
