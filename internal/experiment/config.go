package experiment

import (
	"path/filepath"
	"regexp"
	"slices"

	"hives/internal/cli"
	"hives/internal/evaluate"
	"hives/internal/fault"
)

// Screening is the role of a run that is for choosing settings; the others are those of package evaluate.
const Screening = "screening"

// Config is the file of --config. What it names is read, never changed; all that is written lies in Out and
// Vectors.
//
//	title = "What training adds"
//	[rows]
//	measured = "rows/test.parquet"
//	train = "rows/train.parquet"
//	[base]
//	model = "models/base"
//	poolings = ["last", "mean"]
//	[[runs]]
//	name = "full1"
//	dir = "out/full1"
//	role = "full"
type Config struct {
	Title     string `toml:"title" comment:"of the report"`
	Out       string `toml:"out" comment:"folder of report.html, report.md, metrics.json and vectors/"`
	Vectors   string `toml:"vectors" comment:"folder of stored vectors; empty: vectors/ in out"`
	Seed      uint64 `toml:"seed" comment:"of bootstrap and classifiers"`
	Resamples int    `toml:"resamples" comment:"bootstrap draws"`
	ChooseBy  string `toml:"choose_by" comment:"validation figure by which screening chooses, larger is better"`
	Rows      Rows   `toml:"rows"`
	Base      Base   `toml:"base"`
	Runs      []Run  `toml:"runs"`
}

// Rows name the files. They must be two: what is fitted on the rows that it is measured on is measured too well.
type Rows struct {
	Measured string `toml:"measured" comment:"held-out rows: the test part, or the validation part while choosing"`
	Train    string `toml:"train" comment:"what mean, deviation and classifiers are fitted on"`
}

// Base is the model before training, which every run is compared with. Each pooling of it is a system of its own: a
// run that beats the base pooled otherwise may only have been pooled better.
type Base struct {
	Model     string   `toml:"model" comment:"model folder, or another form that --model takes"`
	Poolings  []string `toml:"poolings" comment:"last, mean"`
	MaxLength int      `toml:"max_length" comment:"tokens a text; 0: as the model folder says"`
}

// Run is one training run. Its role says what may be done with it: screening runs are looked at by their own
// validation, all others are measured on rows that nobody has chosen by.
type Run struct {
	Name    string `toml:"name" comment:"letters, digits, - and _"`
	Dir     string `toml:"dir" comment:"run folder"`
	Role    string `toml:"role" comment:"screening, full, seed, stage2, permuted or other"`
	Control string `toml:"control" comment:"run on permuted labels it is compared with; empty: the only one there is"`
	Over    string `toml:"over" comment:"run it is also compared with; empty: for stage2 the only full one"`
	Model   string `toml:"model" comment:"model folder that is measured; empty: final/ of the run, its last step"`
	Note    string `toml:"note" comment:"a few words for the tables"`
}

// Defaults are an experiment without rows, base and runs.
// 1,000 draws, as hives evaluate takes. The figure to choose by is the ranking within corpus, since one over all
// corpora can be had by telling corpora apart.
func Defaults() Config {
	return Config{
		Title: "What training adds to a pretrained base", Out: "out/experiment", Seed: 1, Resamples: 1000,
		ChooseBy: "ranking_accuracy.within_corpus", Base: Base{Poolings: []string{"last", "mean"}},
	}
}

// Load reads the file and fills in what is implied.
func Load(path string) (Config, error) {
	c, _, err := cli.Load(Defaults(), cli.Sources{File: path})
	if err != nil {
		return c, err
	}
	return c.Complete()
}

// name is what files and keys of a document are made of: run-NAME-….npy, runs.NAME. No dot and no slash may stand
// in it.
var name = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$`)

// Complete fills in what is implied and refuses what does not go together. It looks at no file: that is Check's,
// so that a mistake in the configuration is said before any folder is opened.
func (c Config) Complete() (Config, error) {
	switch {
	case c.Rows.Measured == "" || c.Rows.Train == "":
		return c, invalid("rows.measured and rows.train are needed")
	case c.Rows.Measured == c.Rows.Train:
		return c, invalid("rows.measured and rows.train are one file")
	case c.Base.Model == "" || len(c.Base.Poolings) == 0:
		return c, invalid("base.model and base.poolings are needed")
	case c.Resamples < 1:
		return c, invalid("resamples %d: want 1 or more", c.Resamples)
	case c.Out == "":
		return c, invalid("out is empty")
	}
	// Keys of the document are made of these names, so each may stand once.
	for i, p := range c.Base.Poolings {
		if p != "last" && p != "mean" && p != "first" || slices.Contains(c.Base.Poolings[:i], p) {
			return c, invalid("base.poolings: %q: want last, mean and first, each at most once", p)
		}
	}
	if c.Vectors == "" {
		c.Vectors = filepath.Join(c.Out, "vectors")
	}
	// The caller's list stays as it was.
	c.Runs = slices.Clone(c.Runs)
	roles := append([]string{Screening}, evaluate.Roles...)
	for i := range c.Runs {
		r := &c.Runs[i]
		switch {
		case !name.MatchString(r.Name):
			return c, invalid("runs: the name %q of run %d: want up to 40 letters, digits, - and _", r.Name, i+1)
		case slices.ContainsFunc(c.Runs[:i], func(o Run) bool { return o.Name == r.Name }):
			return c, invalid("runs: the name %s stands twice", r.Name)
		case r.Dir == "":
			return c, invalid("runs: %s has no dir", r.Name)
		case !slices.Contains(roles, r.Role):
			return c, invalid("runs: %s has the role %q: want one of %q", r.Name, r.Role, roles)
		}
		c.imply(r)
	}
	return c, c.linked()
}

// imply takes the only run on permuted labels as control, and the only full run as what Stage 2 went on from.
// With two of them nothing is implied: which one is meant must be written.
func (c *Config) imply(r *Run) {
	if r.Control == "" && r.Role != Screening && r.Role != evaluate.RolePermuted {
		r.Control = c.only(evaluate.RolePermuted)
	}
	if r.Over == "" && r.Role == evaluate.RoleStage2 {
		r.Over = c.only(evaluate.RoleFull)
	}
}

// only is the name of the one run of a role; empty for none or several. So nothing is implied where two would do.
func (c *Config) only(role string) (found string) {
	for _, r := range c.Runs {
		if r.Role == role {
			if found != "" {
				return ""
			}
			found = r.Name
		}
	}
	return found
}

// linked checks that controls are what they are called.
func (c *Config) linked() error {
	role := map[string]string{}
	for _, r := range c.Runs {
		role[r.Name] = r.Role
	}
	for _, r := range c.Runs {
		switch {
		case r.Role == Screening && (r.Control != "" || r.Over != "" || r.Model != ""):
			return invalid("runs: %s is for screening: it is not measured and compared with nothing", r.Name)
		case r.Control != "" && role[r.Control] != evaluate.RolePermuted:
			return invalid("runs: the control %q of %s is no run of the role permuted", r.Control, r.Name)
		case r.Over != "" && (role[r.Over] == "" || role[r.Over] == Screening || r.Over == r.Name):
			return invalid("runs: %s is compared with %q, which is no other finalist", r.Name, r.Over)
		}
	}
	return nil
}

// invalid is a mistake of the file, not of the program: the exit code is that of a wrong command line.
func invalid(format string, args ...any) error {
	return fault.Usage(fault.New(fault.Invalid, "experiment: "+format, args...))
}
