package chatapi

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"hives/internal/llm"
	"hives/internal/serve/httpapi"
	"hives/internal/talk/schema"
)

// Bounds of one request.
const (
	mostAnswers = 16 // n, and prompts times n
	mostStops   = 16
	mostChoices = 256 // each is a row of the engine
)

// fields are those that both paths have. What may be written in several ways, or be null, stays raw at first.
//
// A field is one of three kinds. It is done. Or it changes an answer and is not done: then it is refused, since a
// client that asked for a penalty and was answered without one would never know. Or it changes no answer, and is
// passed over. A field that is in none of the three is refused too: nobody here knows which kind it is.
type fields struct {
	Model       string   `json:"model"`
	Temperature *float64 `json:"temperature"`
	TopP        *float64 `json:"top_p"`
	MinP        *float64 `json:"min_p"` // this and top_k are vLLM's

	TopK          json.RawMessage `json:"top_k"`
	MaxTokens     json.RawMessage `json:"max_tokens"`
	N             json.RawMessage `json:"n"`
	Seed          json.RawMessage `json:"seed"`
	Stop          json.RawMessage `json:"stop"`
	Stream        *bool           `json:"stream"`
	StreamOptions json.RawMessage `json:"stream_options"`

	ResponseFormat    json.RawMessage `json:"response_format"`
	GuidedChoice      json.RawMessage `json:"guided_choice"`      // vLLM's, before 0.12
	GuidedJSON        json.RawMessage `json:"guided_json"`        // the same
	StructuredOutputs json.RawMessage `json:"structured_outputs"` // vLLM's, since

	// These change an answer, and are taken where they ask for nothing.
	PresencePenalty  json.RawMessage `json:"presence_penalty"`
	FrequencyPenalty json.RawMessage `json:"frequency_penalty"`
	LogitBias        json.RawMessage `json:"logit_bias"`

	// These change none.
	User             json.RawMessage `json:"user"`
	Metadata         json.RawMessage `json:"metadata"`
	SafetyIdentifier json.RawMessage `json:"safety_identifier"`
	PromptCacheKey   json.RawMessage `json:"prompt_cache_key"`
	ServiceTier      json.RawMessage `json:"service_tier"`
}

// given tells a field that stands there from one that is left out or null.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// neutral refuses a field that asks for something which is not done here, by its name. The values that ask for nothing
// are compared as JSON that is written without blanks. Client libraries send them unasked, so they must pass.
//
//	"logit_bias": { }          taken
//	"presence_penalty": 0      taken
//	"presence_penalty": .5     refused
func neutral(param string, raw json.RawMessage, nothing ...string) error {
	if !given(raw) {
		return nil
	}
	var compact bytes.Buffer
	if json.Compact(&compact, raw) == nil && slices.Contains(nothing, compact.String()) {
		return nil
	}
	return httpapi.Invalid(param, param+" is not done here: leave it out")
}

// whole64 reads a whole number, also as 2.0 or 2e0, as JavaScript, R and Lua may write it; false where it is not given.
// Above 2⁵³ only digits are taken: a seed that was rounded would be another seed.
func whole64(param string, raw json.RawMessage, from, to int64) (n int64, ok bool, err error) {
	if !given(raw) {
		return 0, false, nil
	}
	if n, err = strconv.ParseInt(string(raw), 10, 64); err != nil {
		x, notNumber := strconv.ParseFloat(string(raw), 64)
		if notNumber != nil || x != math.Trunc(x) || math.Abs(x) > 1<<53 {
			return 0, false, httpapi.Invalid(param, param+" is no whole number in range")
		}
		n = int64(x)
	}
	if n < from || n > to {
		return 0, false, httpapi.Invalid(param, param+" is from "+strconv.FormatInt(from, 10)+" to "+
			strconv.FormatInt(to, 10))
	}
	return n, true, nil
}

// sampling reads how tokens are chosen. What llm refuses is refused in its words, under the field's name here. As
// with OpenAI the temperature is 1 where none is given. Without a seed a random one is drawn: who asks twice wants
// two answers.
func (f *fields) sampling() (s llm.Sampling, err error) {
	s.Temperature = 1
	for _, x := range []struct {
		given *float64
		into  *float64
	}{{f.Temperature, &s.Temperature}, {f.TopP, &s.TopP}, {f.MinP, &s.MinP}} {
		if x.given != nil {
			*x.into = *x.given
		}
	}
	if f.TopP != nil && *f.TopP == 0 { // to llm a 0 says that none was given
		return s, httpapi.Invalid("top_p", "top_p is above 0 and at most 1")
	}
	k, _, err := whole64("top_k", f.TopK, -1, math.MaxInt32)
	if err != nil {
		return s, err
	}
	s.TopK = int(max(k, 0)) // vLLM's −1 is all
	seed, ok, err := whole64("seed", f.Seed, math.MinInt64, math.MaxInt64)
	if err != nil {
		return s, err
	}
	if s.Seed = uint64(seed); !ok {
		s.Seed = randomSeed()
	}
	length, _, err := whole64("max_tokens", f.MaxTokens, 1, llm.MostTokens)
	if err != nil {
		return s, err
	}
	s.MaxTokens = int(length)
	if s.Stop, err = f.stops(); err != nil {
		return s, err
	}
	if err := s.Validate(); err != nil {
		param, _, _ := strings.Cut(err.Error(), " ") // its words begin with the field's name
		return s, httpapi.Invalid(param, err.Error())
	}
	return s, nil
}

// randomSeed is for those who gave none.
func randomSeed() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}

// stops are one text or a list.
func (f *fields) stops() (all []string, err error) {
	if !given(f.Stop) {
		return nil, nil
	}
	var one string
	if json.Unmarshal(f.Stop, &one) == nil {
		all = []string{one}
	} else if all, err = texts("stop", f.Stop); err != nil {
		return nil, err
	}
	if slices.Contains(all, "") || len(all) > mostStops {
		return nil, httpapi.Invalid("stop", "stop is a text or a list of at most "+strconv.Itoa(mostStops)+
			" texts, none of them empty")
	}
	return all, nil
}

// texts reads a list of texts; a null among them is none.
func texts(param string, raw json.RawMessage) ([]string, error) {
	var list []*string
	if json.Unmarshal(raw, &list) != nil || slices.Contains(list, nil) {
		return nil, httpapi.Invalid(param, param+" is a list of texts")
	}
	out := make([]string, len(list))
	for at, text := range list {
		out[at] = *text
	}
	return out, nil
}

// answers is n, 1 if left out. Each is a row of its own: n answers cost as much as n requests.
func (f *fields) answers() (int, error) {
	n, ok, err := whole64("n", f.N, 1, mostAnswers)
	if !ok {
		n = 1
	}
	return int(n), err
}

// streaming tells whether the answer comes as events, and whether the usage comes with them. Obfuscation, which pads
// events against those who count their bytes, is not done, and must not be asked for.
func (f *fields) streaming() (stream, usage bool, err error) {
	stream = f.Stream != nil && *f.Stream
	if !given(f.StreamOptions) {
		return stream, false, nil
	}
	if !stream {
		return false, false, httpapi.Invalid("stream_options", "stream_options is for stream: true")
	}
	var o struct {
		IncludeUsage       *bool           `json:"include_usage"`
		IncludeObfuscation json.RawMessage `json:"include_obfuscation"`
	}
	if err := httpapi.Decode("stream_options", "stream_options", f.StreamOptions, &o); err != nil {
		return false, false, err
	}
	return stream, o.IncludeUsage != nil && *o.IncludeUsage,
		neutral("stream_options.include_obfuscation", o.IncludeObfuscation, "false")
}

// form reads the wanted form of an answer, of which there is at most one, into a request. check refuses a schema that
// the model cannot keep to, so that the field that holds it is named.
//
//	response_format {"type": "json_schema", "json_schema": {"schema": …}}     OpenAI's
//	response_format {"type": "json_object", "schema": …}                      llama.cpp's
//	structured_outputs {"json": …} or {"choice": […]}                         vLLM's
//	guided_json …, guided_choice […]                                          the same, before its version 0.12
func (f *fields) form(into *llm.Request, check func(map[string]any) error) error {
	var wanted int
	keep := func(param string, raw json.RawMessage) (err error) {
		wanted++
		if into.Schema, err = schema.Decode(raw); err == nil {
			err = check(into.Schema)
		}
		if err != nil {
			return httpapi.Invalid(param, err.Error())
		}
		return nil
	}
	choose := func(param string, raw json.RawMessage) (err error) {
		wanted++
		if into.Choices, err = texts(param, raw); err == nil && len(into.Choices) == 0 {
			err = httpapi.Invalid(param, param+" has one text at least")
		}
		if len(into.Choices) > mostChoices {
			err = httpapi.Invalid(param, param+" has at most "+strconv.Itoa(mostChoices)+" texts")
		}
		return err
	}
	if given(f.ResponseFormat) {
		if err := responseFormat(f.ResponseFormat, keep); err != nil {
			return err
		}
	}
	if given(f.GuidedJSON) {
		if err := keep("guided_json", f.GuidedJSON); err != nil {
			return err
		}
	}
	if given(f.GuidedChoice) {
		if err := choose("guided_choice", f.GuidedChoice); err != nil {
			return err
		}
	}
	if given(f.StructuredOutputs) {
		if err := structured(f.StructuredOutputs, keep, choose); err != nil {
			return err
		}
	}
	if wanted > 1 {
		return httpapi.Invalid("response_format", "more than one form of the answer is asked for: keep one of "+
			"response_format, structured_outputs, guided_json and guided_choice")
	}
	return nil
}

// structured is vLLM's structured_outputs.
func structured(raw json.RawMessage, keep, choose func(string, json.RawMessage) error) error {
	var s struct {
		JSON   json.RawMessage `json:"json"`
		Choice json.RawMessage `json:"choice"`
	}
	if err := httpapi.Decode("structured_outputs", "structured_outputs", raw, &s); err != nil {
		return err
	}
	if given(s.JSON) {
		if err := keep("structured_outputs.json", s.JSON); err != nil {
			return err
		}
	}
	if given(s.Choice) {
		return choose("structured_outputs.choice", s.Choice)
	}
	return nil
}

// responseFormat is OpenAI's, and llama.cpp's form of it, which has the schema beside json_object. json_object alone is
// refused: it promises an object of any keys, which is outside the subset, and an answer without the promise would look
// like one with it.
func responseFormat(raw json.RawMessage, keep func(string, json.RawMessage) error) error {
	const param = "response_format"
	var f struct {
		Type       string          `json:"type"`
		JSONSchema json.RawMessage `json:"json_schema"`
		Schema     json.RawMessage `json:"schema"`
	}
	if err := httpapi.Decode(param, param, raw, &f); err != nil {
		return err
	}
	switch {
	case f.Type == "text" && !given(f.JSONSchema) && !given(f.Schema):
		return nil
	case f.Type == "json_object" && given(f.Schema) && !given(f.JSONSchema):
		return keep(param+".schema", f.Schema)
	case f.Type == "json_object":
		return httpapi.Invalid(param, "json_object without a schema is not done here: say with json_schema which keys "+
			"the object has")
	case f.Type != "json_schema" || given(f.Schema):
		return httpapi.Invalid(param+".type", "response_format is of type text or json_schema")
	}
	var named struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Strict      json.RawMessage `json:"strict"` // here every schema is
		Schema      json.RawMessage `json:"schema"`
	}
	if err := httpapi.Decode(param+".json_schema", param+".json_schema", f.JSONSchema, &named); err != nil {
		return err
	}
	if !given(named.Schema) {
		return httpapi.Invalid(param+".json_schema.schema", "json_schema has no schema")
	}
	return keep(param+".json_schema.schema", named.Schema)
}

// refusals are the fields of both paths that are taken where they ask for nothing.
func (f *fields) refusals() error {
	for _, x := range []struct {
		param   string
		raw     json.RawMessage
		nothing []string
	}{
		{"presence_penalty", f.PresencePenalty, []string{"0", "0.0"}},
		{"frequency_penalty", f.FrequencyPenalty, []string{"0", "0.0"}},
		{"logit_bias", f.LogitBias, []string{"{}"}},
	} {
		if err := neutral(x.param, x.raw, x.nothing...); err != nil {
			return err
		}
	}
	return nil
}

// another is the seed of choice number n of a request: choice 0 has the request's own, so that it is the answer that
// the same request has with n = 1. The others are a step apart that is odd, so no two of a request are equal; the
// step is 2⁶⁴ divided by the golden ratio, which keeps them from those of the next request's seed.
func another(seed uint64, n int) uint64 { return seed + uint64(n)*0x9E3779B97F4A7C15 }
