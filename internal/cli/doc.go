// Package cli is what every program shares: a main that ends well, typed configuration, help, a progress
// bar, the version and man pages.
//
// A program's main is two lines, cli.Main(cli.Command(newRoot())). Main cancels the context at the first
// SIGINT, SIGTERM or SIGHUP and a second later ends the process, with nothing half written; a command that saves or
// drains says EndsItself and is waited for, and only a second signal kills it. One that says GoesOn ends with
// code 75 and is printed, so that it can be given again; others end with 130 or 143, as a shell has it. The
// error comes out once, on stderr, with the exit code of package fault.
//
// A configuration is one struct with toml tags. Load lays its sources over each other, each over the one
// before: defaults, the file of --config, the environment (PREFIX_SECTION_KEY), --set section.key=value,
// named flags. A key that the struct lacks is refused wherever it is written, with file and line and the
// nearest key there is; Origins tells of each key where its value came from. Secrets do not belong into a
// configuration: name the environment variable or file that holds one.
//
// A small program of this kind:
//
//	type config struct {
//	    Seed  uint64      `toml:"seed"`
//	    Model modelConfig `toml:"model"` // a section: --set model.path=DIR, NAME_MODEL_PATH
//	}
//
//	func main() { cli.Main(cli.Command(newRoot())) }
//
// and in the command's RunE:
//
//	cfg, origins, err := cli.Load(defaults, flags.Sources(c.Flags(), "NAME", keys))
//	cli.EndsItself(c.Context())             // it saves; wait for it
//	p := cli.NewProgress("train", "steps", total, done)
//	defer p.Close()
//
// What a test needs is given from outside: writers, a clock, environment lines, signals as channels. Nothing in the
// package reads a global of the process where a caller could want another, but Main.
package cli
