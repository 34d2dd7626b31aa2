package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// FlagValue is the text of a named flag that was given. The name is kept for messages: who typed --rate is told of
// --rate, not of optimizer.learning_rate.
type FlagValue struct{ Name, Text string }

// ConfigFlags are the two flags that every configured program has. A program that has them takes every setting in
// four ways without a line of its own for any.
type ConfigFlags struct {
	File string
	Sets []string
}

// Register adds --config and --set.
// A value of --set is not split at commas (StringArray): sampler.theories=svt,mft is one setting.
func (c *ConfigFlags) Register(fs *pflag.FlagSet) {
	fs.StringVar(&c.File, "config", "", "TOML file of settings")
	fs.StringArrayVar(&c.Sets, "set", nil, "override one setting: section.key=value (may be repeated)")
}

// Sources combines the flags with the named ones: keys maps a flag's name to its dotted key.
func (c *ConfigFlags) Sources(fs *pflag.FlagSet, envPrefix string, keys map[string]string) Sources {
	return Sources{File: c.File, EnvPrefix: envPrefix, Sets: c.Sets, Flags: GivenFlags(fs, keys)}
}

// GivenFlags returns the flags that stand on the command line, by dotted key: only these override the other sources,
// a flag's own default never does. A flag's value goes as text, so it is parsed by the same rules as --set and says
// the same about mistakes.
//
//	keys {"steps": "steps", "lora-targets": "lora.targets"}
//	--lora-targets q_proj,v_proj     {"lora.targets": FlagValue{"lora-targets", "q_proj,v_proj"}}
//	(--steps was not given)          nothing: its setting may come from the file
func GivenFlags(fs *pflag.FlagSet, keys map[string]string) map[string]any {
	given := map[string]any{}
	fs.Visit(func(f *pflag.Flag) {
		if key, ok := keys[f.Name]; ok {
			text := f.Value.String()
			if s, ok := f.Value.(pflag.SliceValue); ok {
				text = strings.Join(s.GetSlice(), ",")
			}
			given[key] = FlagValue{Name: f.Name, Text: text}
		}
	})
	return given
}

// PrintOrigins writes each key's origin, as `config show --origin` does. An origin without a leaf is an entry of a
// map, which the leaf's own line shows.
func PrintOrigins[T any](w io.Writer, cfg T, origins Origins) error {
	t, err := newTree(&cfg)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(origins)) {
		if leaf, ok := t.leaves[key]; ok {
			fmt.Fprintf(w, "%-40s %-24v # %s\n", key, leaf.Interface(), origins[key])
		} else {
			fmt.Fprintf(w, "%-40s %-24s # %s\n", key, "", origins[key])
		}
	}
	return nil
}
