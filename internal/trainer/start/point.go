package start

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute/dtypes"

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

// Point is where a run starts: weights, tokenizer, and how texts become vectors. Whoever opens one owes Close.
type Point struct {
	cfg          Settings
	Model        transformer.Model
	Info         folder.Info
	Tokenizer    *tokenizer.Framed
	Base         string // SHA-256 of the starting weights, or of the config for fresh ones
	Frozen       string // SHA-256 of the layers that stay as they are below trained ones, "" of none
	tokenizerDir string
}

// Open loads or draws the starting weights and opens the tokenizer that belongs to them.
func Open(cfg Settings) (*Point, error) {
	p, err := open(cfg)
	if err != nil {
		return nil, err
	}
	if err := p.hashFrozen(); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// open is Open without the hash of frozen layers, since a start from a checkpoint opens the run's own start first.
func open(cfg Settings) (*Point, error) {
	from, checkpoint, err := Origin(cfg.Model.From)
	if err != nil {
		return nil, err
	}
	if checkpoint != "" {
		return openCheckpoint(checkpoint, cfg)
	}
	dir, config, fresh := Locate(from)
	info, err := folder.Read(dir)
	if err != nil {
		return nil, err
	}
	p := &Point{cfg: cfg, Info: override(info, &cfg.Model), tokenizerDir: dir}
	if cfg.Model.Tokenizer != "" {
		p.tokenizerDir = strings.TrimSuffix(cfg.Model.Tokenizer, folder.TokenizerFile)
	}
	if fresh {
		err = p.draw(config, cfg.Seed)
	} else {
		err = p.load(dir)
	}
	if err != nil {
		return nil, err
	}
	return p.finish()
}

// finish makes loaded weights the run's start. In this order: positions are those of the layers that stay, adapters go
// onto these, and the tokenizer is opened for the length that is left.
func (p *Point) finish() (*Point, error) {
	err := errors.Join(p.truncate(p.cfg.Model.Layers), p.Info.Fits(p.Model.Architecture()), p.adapt(&p.cfg),
		p.openTokenizer())
	if err != nil {
		p.Model.Close()
		return nil, err
	}
	return p, nil
}

// truncate keeps the first layers alone, if a number of them is asked for. The layers above are gone with their
// memory.
func (p *Point) truncate(layers int) error {
	if layers == 0 {
		return nil
	}
	return p.Model.Truncate(layers)
}

// Locate splits --model into the folder, its config and whether weights are to be drawn. A random model
// is named by its folder or by the config file itself. A GGUF file is folder and config in one.
func Locate(from string) (dir, config string, fresh bool) {
	path, fresh := strings.CutPrefix(from, randomPrefix)
	// Before the plain path: a folder with one GGUF file and no config.json is a model too.
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

// draw makes fresh weights. Base is then the hash of the config: with the seed, which the run's settings hold, it
// says which.
func (p *Point) draw(config string, seed uint64) error {
	cfg, err := folder.LoadConfig(config)
	if err != nil {
		return err
	}
	// Fresh weights are named by their config and the seed: the same two make the same numbers on every machine.
	if p.cfg.Head {
		of, err := withHead(cfg)
		if err != nil {
			return err
		}
		cfg = of
	}
	if p.Model, err = folder.Random(cfg, seed); err != nil {
		return err
	}
	p.Base, err = fsutil.SHA256(config)
	return err
}

// load reads the weights of a folder or GGUF file, and notes their hash.
func (p *Point) load(dir string) error {
	return folder.Unchanged(dir, func() (err error) {
		// Hashed and loaded under one look at the file's identity: weights that are replaced in between are
		// refused, or the run would note the hash of others.
		if p.Base, err = folder.WeightsSHA256(dir); err != nil {
			return err
		}
		// float32 masters, whatever the file holds
		if p.cfg.Head {
			p.Model, err = loadHead(dir)
		} else {
			p.Model, err = folder.Load(dir, dtypes.Float32)
		}
		return err
	})
}

func (p *Point) openTokenizer() (err error) {
	// Of the encoder's own opening: what the trainer embeds is what the daemon will return.
	p.Tokenizer, err = local.OpenTokenizer(p.tokenizerDir, p.Info, p.Model.Sizes().Vocabulary)
	if err == nil && p.Tokenizer == nil {
		err = fault.New(fault.NotFound, "no tokenizer at %s; put tokenizer.json beside config.json or give --tokenizer DIR",
			filepath.Join(p.tokenizerDir, folder.TokenizerFile))
	}
	return err
}

// Close frees the weights.
func (p *Point) Close() {
	if p != nil && p.Model != nil {
		p.Model.Close()
	}
}
