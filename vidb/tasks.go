package vidb

import (
	"cmp"
	"context"
	"io"
	"time"

	"hives/internal/judge"
)

// ScoreTask is one value's part of a job that scores responses in several ways: for programs that score as a step of
// something larger. Two tasks may be of one value, with other options or other responses.
type ScoreTask struct {
	Value     string
	Options   ScoreOptions
	Responses []Response
}

// scorings draws the windows of all tasks. Each value is opened once.
func (j ScoreJob) scorings(tasks []ScoreTask) ([]*scoring, error) {
	opened := map[string]*Value{}
	var out []*scoring
	for _, t := range tasks {
		if err := t.Options.Validate(); err != nil {
			return nil, err
		}
		v := opened[t.Value]
		if v == nil {
			all, err := open(j.Path, []string{t.Value}, j.Known)
			if err != nil {
				return nil, err
			}
			v = all[0]
			opened[t.Value] = v
		}
		s, err := newScoring(v, t.Options, t.Responses)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// Estimate is what tasks take, in calls, tokens and money, and for how long at the least. Their responses count by
// number: who has none yet gives others of about their length. The configuration must be complete.
func (j ScoreJob) Estimate(tasks []ScoreTask) (judge.Estimate, time.Duration, error) {
	b := bill{cfg: j.Config}
	work, err := j.scorings(tasks)
	if err != nil {
		return judge.Estimate{}, 0, err
	}
	for _, s := range work {
		a, err := newAsker(s.v, s.o.K, s.o.Format, WordingOurs, j.Config.Voters)
		if err != nil {
			return judge.Estimate{}, 0, err
		}
		a.bill(&b, int64(len(s.shown)*len(j.Config.Voters)), s.v.meanTokens())
	}
	return b.course.Estimate, time.Duration(b.hours * float64(time.Hour)), nil
}

// ScoreTasks scores responses as ScoreResponses does, from memory into memory: the rows of each task by judge and
// response, and a summary of each task and judge. Path, Known, Config, Votes and Bar of the job count. The caller has
// agreed to what it takes: nobody is asked to look at an estimate. With an error rows are nil, unless it only names
// values none of whose answers can be used.
func ScoreTasks(ctx context.Context, j ScoreJob, tasks []ScoreTask,
) (rows [][]ResponseScore, summaries []ScoreSummary, err error) {
	j.Yes = true
	cfg, err := j.Config.Complete()
	if err != nil {
		return nil, nil, err
	}
	work, err := j.scorings(tasks)
	if err != nil {
		return nil, nil, err
	}
	err = sit(ctx, cfg, KindScore, j.Votes,
		func(c Config, run judge.Run) (bool, error) {
			return j.forecast(ctx, c, run, work, cmp.Or(j.Stdout, io.Discard))
		},
		func(c Config, asked *judge.Judge, _ *judge.Store) (err error) {
			rows, summaries, err = scoreAll(ctx, newJury(asked, c.Config, j.Bar), work)
			return err
		})
	return rows, summaries, err
}

// Stored is what earlier starts of these judges have taken from the votes file, whatever they scored. Local models must
// be known by their weights, which takes opening them: a run with one counts as none here.
func (j ScoreJob) Stored(ctx context.Context) (judge.Estimate, error) {
	for _, v := range j.Config.Voters {
		if v.AtHome() {
			return judge.Estimate{}, nil
		}
	}
	run, err := named(KindScore, j.Config.Config)
	if err != nil {
		return judge.Estimate{}, err
	}
	all, _, err := judge.Before(ctx, j.Votes, run.ID, nil)
	return all, err
}
