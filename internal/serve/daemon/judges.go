package daemon

import (
	"log/slog"

	"hives/data/theories"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/serve/intensityapi"
	"hives/internal/talk"
	"hives/vidb"
)

// checkJudges refuses what could not score: a database without judges, or judges without a database.
func (c Config) checkJudges() error {
	bad := func(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }
	given := 0
	for _, file := range []string{c.VIDB, c.Judges, c.Votes} {
		if file != "" {
			given++
		}
	}
	switch {
	case given == 0 && c.Theories != "":
		return bad("--theories is for the values of a database: give --vidb FILE")
	case given == 0:
		return nil
	case given < 3:
		return bad("responses are scored with --vidb, a database, --judges, who is asked, and --votes, a file that keeps " +
			"answers: give all three")
	case c.Model == "":
		return bad("--vidb stands beside a model: give --model DIR")
	case c.MaxJudgeCalls < 1:
		return bad("--max-judge-calls %d: want 1 or more", c.MaxJudgeCalls)
	}
	return nil
}

// intensities is nil where the settings name no database. The judges' settings are read and completed here, before a
// model is loaded; database, judges and votes file are opened at the start of the server.
func (c Config) intensities(log *slog.Logger) (*intensityapi.API, error) {
	if c.VIDB == "" {
		return nil, nil
	}
	known, err := theories.Load(commas(c.Theories)...)
	if err != nil {
		return nil, err
	}
	judges, _, err := cli.Load(vidb.Defaults(), cli.Sources{File: c.Judges, EnvPrefix: "HIVES_SCORE"})
	if err != nil {
		return nil, err
	}
	judges.Opener = talk.Provide
	if _, err := judges.Complete(); err != nil {
		return nil, err
	}
	return intensityapi.New(intensityapi.Options{VIDB: c.VIDB, Known: known, Judges: judges, Votes: c.Votes,
		Calls: c.MaxJudgeCalls, Log: log}), nil
}
