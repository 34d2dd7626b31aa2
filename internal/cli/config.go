package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/whatis"
)

// Sources say where a configuration's values come from, in the order in which each overrides the last.
//
//	default   file a.toml   TRAIN_SEED   --set seed=…   --seed   the run's seed, and its origin
//	0         1             –            –              –        1, a.toml
//	0         1             2            –              –        2, TRAIN_SEED
//	0         1             2            3              4        4, --seed
//
// Invariant: each source overrides those before it, and Origins names the one that had the last word
// (TestEachSourceOverridesTheOneBefore).
type Sources struct {
	File      string         // TOML file of --config; "" for none
	EnvPrefix string         // TRAIN makes optimizer.rate read TRAIN_OPTIMIZER_RATE; "" reads none
	Environ   []string       // "NAME=value" lines; nil means the process's environment
	Sets      []string       // "section.key=value" of --set
	Flags     map[string]any // by dotted key: the named flags that were given; see GivenFlags
}

// Origins tells of every key where its value came from: "default", a file's path, an environment variable's name,
// "--set" or a flag's name. An entry of a map has a line of its own ("sampler.theory_weights.svt").
type Origins map[string]string

// Load returns defaults overlaid by the sources. T is a struct; each field needs a toml tag. Mistakes are usage
// mistakes of kind Invalid. Nothing is half loaded: on a mistake the zero configuration comes back.
//
//	type config struct { Seed int `toml:"seed"` }
//	Load(config{1}, Sources{Environ: []string{}})                                  1, "default"
//	Load(config{1}, Sources{EnvPrefix: "X", Environ: []string{"X_SEED=2"}})        2, "X_SEED"
//	Load(config{1}, Sources{Environ: []string{}, Sets: []string{"sede=3"}})        --set: unknown key "sede": …
func Load[T any](defaults T, src Sources) (T, Origins, error) {
	cfg := defaults
	origins, err := overlay(&cfg, src)
	if err != nil {
		var zero T
		return zero, nil, fault.Usage(err)
	}
	return cfg, origins, nil
}

// overlay runs the sources in order over the struct that cfg points to. The first mistake ends it: later sources
// would only repeat it.
func overlay(cfg any, src Sources) (Origins, error) {
	t, err := newTree(cfg)
	if err != nil {
		return nil, err
	}
	if src.File != "" {
		if err := t.readFile(src.File, cfg); err != nil {
			return nil, err
		}
	}
	environ := src.Environ
	if environ == nil {
		environ = os.Environ()
	}
	if err := t.readEnv(src.EnvPrefix, environ); err != nil {
		return nil, err
	}
	for _, s := range src.Sets {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return nil, fault.New(fault.Invalid, "--set %s: write section.key=value", s)
		}
		if err := t.set(strings.TrimSpace(key), strings.TrimSpace(value), "--set"); err != nil {
			return nil, err
		}
	}
	return t.origins, t.readFlags(src.Flags)
}

// readFile decodes a TOML file over cfg and notes each key it has. It is decoded twice, once strictly into the
// struct and once into maps: the struct does not tell a key that says the default from one that is absent, and
// origins need that.
func (t *tree) readFile(path string, cfg any) error {
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return fault.New(fault.NotFound, "read configuration: %w", err)
	}
	dec := toml.NewDecoder(bytes.NewReader(raw))
	// A key that nobody reads is a setting that somebody believes in.
	dec.DisallowUnknownFields()
	if err := dec.Decode(cfg); err != nil {
		return whatis.Instead(path, "a TOML file", t.fileError(path, err))
	}
	var keys map[string]any
	if err := toml.Unmarshal(raw, &keys); err != nil {
		return t.fileError(path, err)
	}
	t.noteKeys("", keys, path)
	return finiteFile(path, raw)
}

// noteKeys walks the tables of a file. A leaf may be a table itself (weights by theory); then the table is one
// value.
func (t *tree) noteKeys(prefix string, keys map[string]any, origin string) {
	for name, value := range keys {
		key := prefix + name
		table, ok := value.(map[string]any)
		if _, leaf := t.leaves[key]; ok && !leaf {
			t.noteKeys(key+".", table, origin)
			continue
		}
		t.origins[key] = origin
	}
}

// fileError adds path and line; an unknown key gets the nearest known one.
//
//	a.toml:3: unknown key "seeed": did you mean "seed"?
//	a.toml:4:9: …                                        not TOML, or not of the field's type
func (t *tree) fileError(path string, err error) error {
	var missing *toml.StrictMissingError
	if errors.As(err, &missing) {
		var lines []string
		for _, e := range missing.Errors {
			row, _ := e.Position()
			lines = append(lines,
				fmt.Sprintf("%s:%d: unknown key %s", path, row, t.unknown(strings.Join(e.Key(), "."))))
		}
		return fault.New(fault.Invalid, "%s", strings.Join(lines, "; "))
	}
	var at *toml.DecodeError
	if errors.As(err, &at) {
		row, col := at.Position()
		return fault.New(fault.Invalid, "%s:%d:%d: %s", path, row, col, strings.TrimPrefix(at.Error(), "toml: "))
	}
	return fault.New(fault.Invalid, "%s: %s", path, strings.TrimPrefix(err.Error(), "toml: "))
}

// readEnv sets every leaf whose variable is there, in key order. Other variables with the prefix are left alone: a
// container's platform adds its own. A misspelled variable is therefore not noticed, unlike a misspelled key
// anywhere else.
func (t *tree) readEnv(prefix string, environ []string) error {
	if prefix == "" {
		return nil
	}
	values := map[string]string{}
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		values[name] = value
	}
	for _, key := range t.keys() {
		name := EnvName(prefix, key)
		if value, ok := values[name]; ok {
			if err := t.set(key, value, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// EnvName is the environment variable of a dotted key. So train's optimizer.rate is TRAIN_OPTIMIZER_RATE. Two keys
// that meet in one name (a.b and a_b) would both be set.
func EnvName(prefix, key string) string {
	return strings.TrimSuffix(prefix, "_") + "_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))
}

// readFlags sets the named flags, in key order, so that of two mistakes the same one is told every time.
func (t *tree) readFlags(flags map[string]any) error {
	keys := make([]string, 0, len(flags))
	for key := range flags {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		value, origin := flags[key], "flag"
		if f, ok := value.(FlagValue); ok {
			value, origin = f.Text, "--"+f.Name
		}
		if err := t.assign(key, value, origin); err != nil {
			return err
		}
	}
	return nil
}

// EncodeTOML writes a configuration so that Load reads it back. What is written beside a result (config.toml of a
// run) is therefore enough to make it again.
func EncodeTOML(cfg any) ([]byte, error) {
	var b bytes.Buffer
	enc := toml.NewEncoder(&b)
	enc.SetIndentTables(false)
	if err := enc.Encode(cfg); err != nil {
		return nil, fmt.Errorf("encode configuration: %w", err)
	}
	return b.Bytes(), nil
}
