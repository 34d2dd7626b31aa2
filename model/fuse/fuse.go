package fuse

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/gonum/floats"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/lora"
	"hives/internal/safetensorsio"
	"hives/model/folder"
	"hives/model/transformer"
)

// RecordFile says in the written folder how it was made.
const RecordFile = "fusion.json"

// Method is how tensors are fused.
type Method string

// The methods.
const (
	ByLinear  Method = "linear"
	ByKarcher Method = "karcher"
)

// Options say what is fused.
//
//	hives fuse a b --out c                                  Models a b, Method linear, Weights 1 1
//	hives fuse a b --weights .7,.3 --no-normalise --out c   Raw: .7 a + .3 b
//	hives fuse x y --base w --of deltas --out c             w + the mean of what x and y changed in w
type Options struct {
	Models  []string // model folders, or folders of adapters of Base
	Base    string   // model folder; needed for adapters and for Deltas
	Method  Method
	Weights []float64 // one a model; none: equal ones
	Raw     bool      // linear: weights as they are, not divided by their sum
	Deltas  bool      // fuse what each model changed in Base, and add the result to Base
	Out     string    // model folder to write; it must not be there

	// Progress, if given, is called after each tensor with the numbers that it holds and those of all.
	Progress func(numbers, all int)
}

// check refuses what cannot be fused before a file is opened. An output folder that is an input is refused by name
// rather than as one that is there: who gave it meant to write over it.
func (o *Options) check() error {
	switch {
	case len(o.Models) < 2:
		return fault.Usage(fault.New(fault.Invalid, "%d models: want two or more", len(o.Models)))
	case o.Method != ByLinear && o.Method != ByKarcher:
		return fault.Usage(fault.New(fault.Invalid, "method %q: want linear or karcher", o.Method))
	case o.Raw && o.Method == ByKarcher:
		return fault.Usage(fault.New(fault.Invalid, "weights as they are: only the linear method takes them; Karcher's mean "+
			"needs shares"))
	case o.Deltas && o.Base == "":
		return fault.Usage(fault.New(fault.Invalid, "deltas: name the base that the models were tuned from"))
	case o.Weights != nil && len(o.Weights) != len(o.Models):
		return fault.Usage(fault.New(fault.Invalid, "%d weights for %d models", len(o.Weights), len(o.Models)))
	}
	for _, path := range append([]string{o.Base}, o.Models...) {
		if path != "" && same(path, o.Out) {
			return fault.New(fault.Exists, "%s is an input: name a folder that is not there", o.Out)
		}
	}
	if _, err := os.Lstat(o.Out); err == nil {
		return fault.New(fault.Exists, "%s is there already: name a folder that is not", o.Out)
	}
	return o.checkWeights()
}

// same compares names. A link to an input has another one, and is there already: the next check refuses it.
func same(a, b string) bool {
	x, _ := filepath.Abs(a)
	y, _ := filepath.Abs(b)
	return x == y
}

// checkWeights fills in equal weights.
//
//	linear   1 −1     refused: the mean would be divided by 0
//	linear   2 −1     2 a − b: away from b, which some fuse on purpose
//	karcher  2 −1     refused: a share of a direction is no less than nothing
func (o *Options) checkWeights() error {
	if o.Weights == nil {
		o.Weights = slices.Repeat([]float64{1}, len(o.Models))
	}
	for i, w := range o.Weights {
		if math.IsNaN(w) || math.IsInf(w, 0) || w < 0 && o.Method == ByKarcher {
			return fault.Usage(fault.New(fault.Invalid, "weight %v of %s: want a finite number, for karcher 0 or more", w,
				o.Models[i]))
		}
	}
	if floats.Sum(o.Weights) == 0 && !o.Raw {
		return fault.Usage(fault.New(fault.Invalid, "weights %v sum to 0: their mean does not exist", o.Weights))
	}
	return nil
}

// Run writes a model folder of the fused weights, with the tokenizer and the other files of the base or of the first
// model. The folder appears as a whole or not at all. An error of two models that do not fit is of kind Mismatch and
// names both.
func Run(ctx context.Context, o Options) (*Record, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	f := &fusion{Options: o, record: &Record{Format: 1, Method: o.Method, Of: "models", Weights: o.Weights, Raw: o.Raw}}
	if o.Deltas {
		f.record.Of = "deltas"
	}
	defer f.close()
	if err := f.open(); err != nil {
		return nil, err
	}
	return f.record, fsutil.WriteFolder(o.Out, func(tmp string) error { return f.write(ctx, tmp) })
}

// fusion is one run. All sources are open at once: a tensor is read from each in turn.
type fusion struct {
	Options
	base    *source   // nil without one
	sources []*source // as Models
	numbers int       // of a model
	record  *Record
}

// close frees the mapped files. An adapter's source has none of its own: its base's are closed with the base.
func (f *fusion) close() {
	for _, s := range append(f.sources, f.base) {
		if s != nil {
			s.close()
		}
	}
}

// pattern is the source whose files the result follows: names, types, shards, tokenizer. Without a base it is the
// first model, so the order of the models decides the stored type where they differ, and nothing else.
func (f *fusion) pattern() *source {
	if f.base != nil {
		return f.base
	}
	return f.sources[0]
}

// open maps all weights and holds every model to the pattern, before a number is read. A model is held to the pattern
// and an adapter to its base's hash: what fits neither was tuned from something else.
func (f *fusion) open() (err error) {
	sum := ""
	if f.Base != "" {
		if f.base, err = openModel(f.Base); err != nil {
			return err
		}
		if sum, err = folder.WeightsSHA256(f.Base); err != nil {
			return err
		}
		f.record.Base = &Model{f.Base, "model", sum}
	}
	for _, path := range f.Models {
		s, m, err := f.openOne(path, sum)
		if err != nil {
			return err
		}
		f.sources = append(f.sources, s)
		f.record.Models = append(f.record.Models, m)
		if m.Kind == "model" && s != f.pattern() {
			if err := s.fits(f.pattern()); err != nil {
				return err
			}
		}
	}
	for name := range f.pattern().tensor {
		f.numbers += f.pattern().vector(name).Len()
	}
	return nil
}

// openOne opens a model folder, or an adapter's, which its config tells. The hash goes into the record: of a model that
// of its weights, of an adapter that of the adapter alone, whose base has a line of its own.
func (f *fusion) openOne(path, baseSHA256 string) (*source, Model, error) {
	if _, err := os.Stat(filepath.Join(path, lora.ConfigFile)); err == nil {
		if f.base == nil {
			return nil, Model{}, fault.New(fault.Invalid, "%s is an adapter: name its base", path)
		}
		sum, err := fsutil.SHA256(filepath.Join(path, lora.WeightsFile))
		if err != nil {
			return nil, Model{}, err
		}
		s, err := adapted(f.base, path, baseSHA256)
		return s, Model{path, "adapter", sum}, err
	}
	s, err := openModel(path)
	if err != nil {
		return nil, Model{}, err
	}
	sum, err := folder.WeightsSHA256(path)
	if err != nil {
		s.close()
		return nil, Model{}, err
	}
	return s, Model{path, "model", sum}, nil
}

// write makes the folder: the pattern's shards with other numbers, its other files as they are, the record, and last
// the hives.json where the pattern has one. hives.json comes last because it holds the hashes of the others.
func (f *fusion) write(ctx context.Context, dir string) error {
	paths, err := transformer.WeightFiles(f.pattern().path)
	if err != nil {
		return err
	}
	for i, path := range paths {
		file := f.pattern().files[i]
		err := fsutil.WriteFile(filepath.Join(dir, filepath.Base(path)), func(w io.Writer) error {
			return f.writeShard(ctx, w, file)
		})
		if err != nil {
			return err
		}
	}
	if err := f.copyRest(dir); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(f.record, "", " ")
	if err != nil {
		return err
	}
	if err := fsutil.WriteBytes(filepath.Join(dir, RecordFile), append(raw, '\n')); err != nil {
		return err
	}
	return f.seal(dir)
}

// writeShard writes one file of weights, fusing each tensor when its turn comes. Names, order and metadata are those
// of the pattern's file, so that an index of shards stays true.
func (f *fusion) writeShard(ctx context.Context, w io.Writer, file *safetensorsio.File) error {
	var infos []safetensorsio.Info
	for _, name := range file.Names() {
		info, err := file.Info(name)
		if err != nil {
			return err
		}
		infos = append(infos, info)
	}
	out := bufio.NewWriterSize(w, 1<<20)
	err := safetensorsio.WriteStream(out, infos, file.Metadata(), func(in safetensorsio.Info) ([]byte, error) {
		return f.tensor(ctx, in)
	})
	if err != nil {
		return err
	}
	return out.Flush()
}

// tensor fuses one tensor and rounds it to its type. It is called when the tensor's turn in the file comes, so that a
// shard is never in memory either: sum is one of the two tensors, Karcher's step the other. Of deltas the base is
// added before the rounding, so that the result is rounded once as well.
//
//	deltas, λ equal: base 1, models 1.2 and 1.4     mean of .2 and .4, and 1 added: 1.3
func (f *fusion) tensor(ctx context.Context, in safetensorsio.Info) ([]byte, error) {
	vs := make([]Vector, len(f.sources))
	for j, s := range f.sources {
		vs[j] = s.vector(in.Name)
		if f.Deltas {
			vs[j] = &less{vs[j], f.base.vector(in.Name)}
		}
	}
	sum := make([]float64, vs[0].Len())
	rep, err := f.mean(ctx, sum, vs)
	if err == nil && f.Deltas {
		err = blocks(ctx, len(sum), []Vector{f.base.vector(in.Name)}, func(_, from, to int, base [][]float64) {
			floats.Add(sum[from:to], base[0])
		})
	}
	if err != nil {
		return nil, err
	}
	f.record.Tensors = append(f.record.Tensors, Tensor{in.Name, in.Shape, in.DType, rep})
	if f.Progress != nil {
		f.Progress(len(sum), f.numbers)
	}
	k := kinds[in.DType]
	raw := make([]byte, len(sum)*k.width)
	for i, x := range sum {
		k.write(raw[i*k.width:], x)
	}
	return raw, nil
}

// mean is the chosen one. Of the linear one, too, norms and angles are worth knowing: they say what Karcher's would
// have changed, and cost one more reading.
func (f *fusion) mean(ctx context.Context, dst []float64, vs []Vector) (*Report, error) {
	if f.Method == ByKarcher {
		rep, err := Karcher(ctx, dst, vs, f.Weights, MaxUpdates)
		return &rep, err
	}
	rep, err := (&sphere{ctx: ctx, m: dst, vs: vs}).look()
	rep.Converged = true
	if err != nil {
		return nil, err
	}
	return &rep, Linear(ctx, dst, vs, f.Weights, !f.Raw)
}

// copyRest brings what lies beside the weights: config, tokenizer, templates, the settings of generation. Of weights in
// another format, and of what speaks of the old ones, nothing is brought.
//
//	config.json tokenizer.json chat_template.jinja LICENSE     brought
//	model.gguf optimizer.pt training_args.bin                  not
//	hives.json fusion.json adapter_config.json                 not: they speak of other weights
func (f *fusion) copyRest(dir string) error {
	from := f.pattern().path
	entries, err := os.ReadDir(from)
	if err != nil {
		return fsutil.Classify(err, from)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !beside(e.Name()) {
			continue
		}
		raw, err := fsutil.ReadRegular(filepath.Join(from, e.Name()))
		if err != nil {
			return err
		}
		if err := fsutil.WriteBytes(filepath.Join(dir, e.Name()), raw); err != nil {
			return err
		}
	}
	return nil
}

// beside tells the files that belong to a model but hold no weights.
func beside(name string) bool {
	switch filepath.Ext(name) {
	case ".json", ".jinja", ".txt", ".model":
		return name != folder.InfoFile && name != RecordFile && !strings.HasPrefix(name, "adapter_")
	}
	return strings.HasPrefix(name, "LICENSE")
}

// seal writes hives.json where the pattern has one, with the hashes of the new files. What else it says of the model
// stays, such as the prompt and the pooling of an encoder: they are the pattern's.
func (f *fusion) seal(dir string) error {
	from := f.pattern().path
	if _, err := os.Stat(filepath.Join(from, folder.InfoFile)); err != nil {
		return nil
	}
	info, err := folder.Read(from)
	if err != nil {
		return err
	}
	info.Provenance = maps.Clone(info.Provenance)
	if info.Provenance == nil {
		info.Provenance = map[string]string{}
	}
	info.Provenance["fused"] = fmt.Sprintf("%s of %d %s, see %s", f.Method, len(f.Models), f.record.Of, RecordFile)
	return folder.Seal(dir, info)
}
