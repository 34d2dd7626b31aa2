package talk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"hives/internal/chat"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/talk/schema"
	"hives/model/folder"
	"hives/model/lm"
	"hives/model/native"
	"hives/model/transformer"
	"hives/tokenizer"
)

// DefaultRows is B: rows of a batch. More answer more questions a step, and take as much more cache: 189 MB are those
// of SmolLM2-135M at 8 rows of 512 slots in float32.
const DefaultRows = 8

// Options of Open. All but Template go to the engine and its graphs; none changes what may be asked.
type Options struct {
	Engine    engine.Options
	Precision string // as transformer.ParseArithmetic reads it; "" is f32
	Rows      int    // 0: DefaultRows
	Template  string // forces one of Templates; "" recognises the model's own
	MaxLength int    // tokens of a prompt and its answer; 0: as many as the model has positions
	Length    int    // tokens of an answer where a request names none; 0: llm.DefaultMaxTokens
	Slots     int    // of a cache, at least: rows whose answers are of unlike lengths then share it, and its graphs
	// NoKernels leaves bf16 to the engine: for who holds its numbers to those of graphs of his own (Decoder).
	NoKernels bool
}

// Model is a language model in memory: a llm.Provider.
//
// Invariant: nothing in it changes after Open but the adapters and schemas that were asked for and the runners' caches,
// whose batches take turns.
type Model struct {
	dir      string
	engine   *engine.Engine
	weights  *lm.Model
	graph    func() (*lm.Model, error) // weights in the engine's memory, see inEngine
	second   *lm.Model                 // those, where they are a second copy
	runner   *lm.Runner
	tok      tokenizer.Talker
	renderer *chat.Renderer
	stops    []int32 // ids that end an answer
	identity llm.Identity
	rows     int
	most     int // tokens of a prompt and its answer
	length   int // of an answer where none is asked for
	options  lm.Options

	busy  sync.Mutex    // held by a batch: a runner's cache holds one
	steps atomic.Uint64 // of the engine

	adapting sync.Mutex // guards what follows
	adapters map[string]*lm.Runner
	tried    int

	schemas    sync.Mutex // guards what follows
	vocabulary *schema.Vocabulary
	automata   map[string]*schema.Automaton
}

// Open loads the folder or GGUF file of a language model. What can be wrong with its files comes to light before the
// weights are read. Of an error everything that was opened is closed again.
func Open(ctx context.Context, dir string, o Options) (*Model, error) {
	m := &Model{dir: dir, rows: cmp.Or(o.Rows, DefaultRows), most: o.MaxLength,
		length: cmp.Or(o.Length, llm.DefaultMaxTokens), automata: make(map[string]*schema.Automaton)}
	err := m.openTokenizer(dir, o.Template)
	if err == nil {
		err = m.openWeights(ctx, dir, o)
	}
	if err == nil {
		err = m.identify(dir, cmp.Or(o.Precision, "f32"))
	}
	if err != nil {
		m.Close()
		return nil, fmt.Errorf("language model %s: %w", dir, err)
	}
	return m, nil
}

// openTokenizer reads all that the model's files say of texts, before the weights, which take long.
//
// The end of a turn stops an answer whatever the files list: some name only the end of a text, and an answer would go
// on to write the user's next message.
func (m *Model) openTokenizer(dir, template string) (err error) {
	var ends []int32
	if m.renderer, m.tok, ends, err = chat.Open(dir, template); err == nil {
		m.stops = append(ends, m.renderer.TurnEnd())
	}
	return err
}

// render writes the ids of a conversation, see chat.Renderer. A message here and there are one thing in two packages:
// who asks over a network needs no tokenizer, and the templates need no client.
func (m *Model) render(messages []llm.Message, prefix string) ([]int32, error) {
	turns := make([]chat.Message, len(messages))
	for i, one := range messages {
		turns[i] = chat.Message(one)
	}
	return m.renderer.Render(turns, prefix)
}

// openWeights opens the engine, reads the weights and checks that the tokenizer gives no id beyond their vocabulary.
func (m *Model) openWeights(ctx context.Context, dir string, o Options) error {
	arith, err := transformer.ParseArithmetic(cmp.Or(o.Precision, "f32"))
	if err != nil {
		return err
	}
	if m.engine, err = engine.Open(ctx, o.Engine); err != nil {
		return err
	}
	if o.NoKernels {
		m.weights, err = lm.Load(m.engine.Backend, dir, arith.Operand)
	} else {
		m.weights, err = lm.Open(m.engine.Backend, dir, arith, m.engine.Threads)
	}
	if err != nil {
		return err
	}
	m.graph = sync.OnceValues(m.inEngine)
	if err := tokenizer.FitsVocabulary(m.tok, m.weights.Config.VocabSize); err != nil {
		return err
	}
	if positions := m.weights.Config.MaxPositions; positions > 0 && (m.most == 0 || m.most > positions) {
		m.most = positions
	}
	m.options = lm.Options{Backend: m.engine.Backend, Arith: arith, Rows: m.rows, Slots: o.Slots}
	m.runner, err = lm.NewRunner(m.weights, m.options)
	return err
}

// inEngine are the weights for graphs and adapters. Where kernels compute without either, a second copy is loaded when
// it is first asked for, of the same weights as the first: files that were replaced since are refused.
func (m *Model) inEngine() (*lm.Model, error) {
	if m.weights.Kernels == nil {
		return m.weights, nil
	}
	w, err := lm.Load(m.engine.Backend, m.dir, m.options.Arith.Operand)
	if err != nil {
		return nil, err
	}
	sum, err := folder.WeightsSHA256(m.dir)
	if err == nil && sum != m.identity.Weights {
		err = fault.New(fault.Mismatch, "weights in %s were replaced since they were loaded: start again", m.dir)
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	m.second = w
	return w, nil
}

// identify hashes what answers depend on. Rows is among it: another B rounds otherwise, by some 3e-6 in the logits,
// and of two tokens that are as good as equally probable the other one may come first. Who stores answers under an
// identity finds them again only where they would come out the same.
func (m *Model) identify(dir, precision string) error {
	weights, err := folder.WeightsSHA256(dir)
	if err != nil {
		return err
	}
	m.identity = llm.Identity{
		Kind: "local", Model: folder.Name(dir), Weights: weights, Tokenizer: m.tok.SHA256(),
		Template: m.renderer.Name + "\n" + m.renderer.System, Precision: precision,
		Engine: string(m.engine.Name) + " " + m.engine.PluginSHA256, Rows: m.rows,
	}
	if m.weights.Kernels != nil {
		m.identity.Engine = native.Name
	}
	return nil
}

// Identity implements llm.Provider.
func (m *Model) Identity() llm.Identity { return m.identity }

// Can implements llm.Provider.
func (m *Model) Can() llm.Abilities {
	return llm.Abilities{Score: true, LogProbs: true, Choices: true, Schema: true, Seed: true, Prefix: true, TopK: true,
		Steer: true, Adapters: true}
}

// Close frees the model. It may be called of a model that was opened in part, as Open does.
func (m *Model) Close() error {
	for _, r := range m.adapters {
		r.Close()
	}
	if m.runner != nil {
		m.runner.Close()
	}
	for _, w := range []*lm.Model{m.second, m.weights} {
		if w != nil {
			w.Close()
		}
	}
	if m.engine != nil {
		m.engine.Close()
	}
	return nil
}

// Layers and Hidden are the sizes that a steering vector must fit.
func (m *Model) Layers() int { return m.weights.Config.NumLayers }

// Hidden is H.
func (m *Model) Hidden() int { return m.weights.Config.HiddenSize }

// Rows is B, the rows of a batch.
func (m *Model) Rows() int { return m.rows }

// Encode is a text to go on from, for Job.Prompt: with the token that the template begins everything with, if it has
// one, and as data, as in Render.
//
//	llama3  "Once"     <|begin_of_text|> Once
//	chatml  "Once"     Once
func (m *Model) Encode(text string) ([]int32, error) {
	return m.tok.EncodePlain(slices.Clone(m.renderer.Begin()), text)
}

// Steps is how often the engine has computed: while an answer is being written it grows, unless the engine hangs.
func (m *Model) Steps() uint64 { return m.steps.Load() }

// Template is the name of the template that conversations are written in.
func (m *Model) Template() string { return m.renderer.Name }

// Vocabulary is how many ids there are.
func (m *Model) Vocabulary() int { return m.weights.Config.VocabSize }

// Positions is the longest sequence that is read and written, in tokens; 0 where the model names none.
func (m *Model) Positions() int { return m.most }

// Describe says in a line what answers. The terminal shows it before the first answer, so that nobody mistakes which
// model speaks.
func (m *Model) Describe() string {
	by := string(m.engine.Name)
	if m.weights.Kernels != nil {
		by = native.Name
	}
	return fmt.Sprintf("%s: %d parameters, template %s, engine %s", m.identity.Model, m.weights.Config.Parameters(),
		m.renderer.Name, by)
}

// ends tells whether an id ends an answer. There are a handful of such ids, so a walk is as quick as a map.
func (m *Model) ends(id int32) bool { return slices.Contains(m.stops, id) }
