package trainer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute/dtypes"

	"hives/data"
	"hives/encoder/local"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/gguf"
	"hives/model/folder"
	"hives/model/transformer"
	"hives/tokenizer"
)

// randomPrefix marks a model that starts from fresh weights.
const randomPrefix = "random:"

// start is what a run begins with: weights, tokenizer, and how texts become vectors.
type start struct {
	model        transformer.Model
	info         folder.Info
	tokenizer    *tokenizer.Framed
	tokenizerDir string
	base         string // SHA-256 of the starting weights, or of the config for fresh ones
}

// openStart loads or draws the starting weights and opens the tokenizer that belongs to them.
func openStart(cfg *Config) (*start, error) {
	from, checkpoint, err := origin(cfg.Model.From)
	if err != nil {
		return nil, err
	}
	if checkpoint != "" {
		return openCheckpoint(checkpoint, cfg)
	}
	dir, config, fresh := locate(from)
	info, err := folder.Read(dir)
	if err != nil {
		return nil, err
	}
	s := &start{info: override(info, &cfg.Model), tokenizerDir: dir}
	if cfg.Model.Tokenizer != "" {
		s.tokenizerDir = strings.TrimSuffix(cfg.Model.Tokenizer, folder.TokenizerFile)
	}
	if fresh {
		err = s.draw(config, cfg.Seed)
	} else {
		err = s.load(dir)
	}
	if err != nil {
		return nil, err
	}
	err = errors.Join(s.truncate(cfg.Model.Layers), s.info.Fits(s.model.Architecture()), s.adapt(cfg), s.openTokenizer())
	if err != nil {
		s.model.Close()
		return nil, err
	}
	return s, nil
}

// truncate keeps the first layers alone, if a number of them is asked for.
func (s *start) truncate(layers int) error {
	if layers == 0 {
		return nil
	}
	return s.model.Truncate(layers)
}

// locate splits --model into the folder, its config and whether weights are to be drawn. A random model
// is named by its folder or by the config file itself. A GGUF file is folder and config in one.
func locate(from string) (dir, config string, fresh bool) {
	path, fresh := strings.CutPrefix(from, randomPrefix)
	if file, err := gguf.Find(path); err == nil && file != "" {
		return path, file, fresh
	}
	if stat, err := os.Stat(path); err == nil && !stat.IsDir() {
		return filepath.Dir(path), path, fresh
	}
	return path, filepath.Join(path, transformer.ConfigFile), fresh
}

// override puts the run's choices over those of the model folder.
func override(info folder.Info, cfg *ModelConfig) folder.Info {
	if cfg.MaxLength > 0 {
		info.MaxLength = cfg.MaxLength
	}
	if cfg.Pooling != "" {
		info.Pooling = transformer.Pooling(cfg.Pooling)
	}
	return info
}

func (s *start) draw(config string, seed uint64) error {
	cfg, err := folder.LoadConfig(config)
	if err != nil {
		return err
	}
	if s.model, err = folder.Random(cfg, seed); err != nil {
		return err
	}
	s.base, err = fsutil.SHA256(config)
	return err
}

func (s *start) load(dir string) error {
	return folder.Unchanged(dir, func() (err error) {
		if s.base, err = folder.WeightsSHA256(dir); err != nil {
			return err
		}
		s.model, err = folder.Load(dir, dtypes.Float32) // float32 masters, whatever the file holds
		return err
	})
}

func (s *start) openTokenizer() (err error) {
	s.tokenizer, err = local.OpenTokenizer(s.tokenizerDir, s.info, s.model.Sizes().Vocabulary)
	if err == nil && s.tokenizer == nil {
		err = fault.New(fault.NotFound, "no tokenizer at %s; put tokenizer.json beside config.json or give --tokenizer DIR",
			filepath.Join(s.tokenizerDir, folder.TokenizerFile))
	}
	return err
}

// holdOutDomain sets this split apart from that of hives data split: with the same seed a training part
// would hold nothing out, because all its components lie below the larger fraction.
const holdOutDomain = 0x686f6c642d6f7574

// Rows are a run's training and held-out rows.
type Rows struct {
	Train, Validation []data.Row
	Numbers           []int             // of the training rows in their file, from 1
	Skipped           int               // bad rows that were left out
	Notes             []string          // of rows left out because they contradict each other
	Shared            *data.Shared      // what the named validation file has in common with the training rows, nil for nothing
	Hashes            map[string]string // SHA-256 of the files: data and, where one is named, validation
}

// readRows reads the files that cfg names, holds rows out where no validation file is named, and deals
// labels out anew for the control. Held-out rows keep their true labels.
func readRows(cfg *Config) (*Rows, error) {
	rows := &Rows{Hashes: map[string]string{}}
	read, err := rows.read(cfg.Data.Train, cfg.Data.SkipBad, "data")
	if err != nil {
		return nil, err
	}
	all := read.Rows
	rows.Train, rows.Skipped = all, len(read.Bad)
	switch f := cfg.Data.ValidationFraction; {
	case cfg.Data.Validation != "":
		if read, err := rows.read(cfg.Data.Validation, cfg.Data.SkipBad, "validation"); err != nil {
			return nil, err
		} else {
			rows.Validation = read.Rows
			if shared := data.SharedWith(all, rows.Validation); shared.Any() {
				rows.Shared = &shared
			}
		}
	case f > 0:
		var parts [data.NumParts][]data.Row
		parts, err = data.Split(all, data.SplitOptions{Fractions: [data.NumParts]float64{1 - f, f, 0}, Seed: cfg.Data.SplitSeed ^ holdOutDomain})
		rows.Train, rows.Validation = parts[data.Train], parts[data.Validation]
	}
	if err != nil {
		return nil, err
	}
	rows.Numbers = rowNumbers(read, rows.Train)
	if cfg.Data.PermuteLabels {
		rows.Train = data.PermuteLabels(rows.Train, cfg.Seed)
	}
	if len(rows.Train) == 0 {
		return nil, fault.New(fault.Invalid, "%s", strings.TrimSuffix(cfg.Data.Train+" holds no training rows; "+read.Note(), "; "))
	}
	return rows, nil
}

// read reads a file of rows, without those that contradict each other, and notes its hash under a name. A file that is
// replaced in between is refused: the hash would be that of other rows.
func (r *Rows) read(path string, skipBad bool, name string) (*data.Settled, error) {
	before, err := fsutil.SHA256(path)
	if err != nil {
		return nil, err
	}
	read, err := data.ReadSettled(path, data.ReadOptions{SkipBad: skipBad})
	if err != nil {
		return nil, err
	}
	if note := read.Note(); note != "" {
		r.Notes = append(r.Notes, name+": "+note)
	}
	if r.Hashes[name], err = fsutil.SHA256(path); err == nil && r.Hashes[name] != before {
		err = fault.New(fault.Mismatch, "%s was replaced while it was read; begin again", path)
	}
	return read, err
}

// rowNumbers gives the rows of part their numbers in the file that was read. Rows of one text are always in the same
// part, so the text tells where the next row of part stands.
func rowNumbers(read *data.Settled, part []data.Row) []int {
	out := make([]int, 0, len(part))
	for i, number := range read.Numbers {
		if len(out) < len(part) && part[len(out)].TextID == read.Rows[i].TextID {
			out = append(out, number)
		}
	}
	return out
}
