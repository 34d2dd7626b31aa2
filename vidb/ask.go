package vidb

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"hives/internal/fault"
	"hives/internal/judge"
)

// Bar shows how far the calls are. internal/cli has one.
type Bar interface {
	Add(n int64)    // calls that were made
	Replay(n int64) // calls whose answers were stored
	Suffix(text string)
	Close()
}

// noBar shows nothing.
type noBar struct{}

func (noBar) Add(int64) {}

func (noBar) Replay(int64) {}

func (noBar) Suffix(string) {}

func (noBar) Close() {}

// firstAnswers and mostUnusable say when a judge is given up: of 200 answers a share of .2 is known to within .06,
// two standard errors.
// A judge that answers in prose would be paid for every window and leave none. 200 answers tell: of a judge with a
// tenth of unusable ones, more than a fifth are so in one run of 10⁵.
const (
	firstAnswers = 200 // of a judge, after which it is known whether its answers can be used
	mostUnusable = .2  // of them
)

// jury asks the judges of one run about the windows of one value after another. Its counts go on from value to value:
// a judge that has shown itself is not tried again with each.
type jury struct {
	judge *judge.Judge
	cfg   judge.Config
	bar   func(label string, calls int64) Bar

	prior *vectorPrior // of the value under way; nil without vectors

	looked []int            // by voter: answers that the look at the first ones has seen
	bad    []int            // of them unusable
	why    []map[string]int // of them, by reason
}

func newJury(j *judge.Judge, cfg judge.Config, bar func(string, int64) Bar) *jury {
	y := &jury{judge: j, cfg: cfg, bar: bar, looked: make([]int, len(cfg.Voters)), bad: make([]int, len(cfg.Voters))}
	for range cfg.Voters {
		y.why = append(y.why, map[string]int{})
	}
	if bar == nil {
		y.bar = func(string, int64) Bar { return noBar{} }
	}
	return y
}

// jurors are the judges as the file names them.
func jurors(cfg judge.Config) []Juror {
	var out []Juror
	for _, v := range cfg.Voters {
		out = append(out, Juror{Name: v.Name, Model: v.Model.Name, Endpoint: v.Endpoint, Prompt: v.Prompt,
			Temperature: v.Temperature})
	}
	return out
}

// build answers a value's windows. Every answer is in the votes file before it counts, and what is stored is not asked
// for again, so the same call goes on after any stop.
//
// What happens at a stop: answers that came are in the votes file, the file of values is as it was. The next start
// draws the same windows, finds the answers, and asks on from the first window without one.
func (y *jury) build(ctx context.Context, v *Value, o DesignOptions, a *asker, wording string) error {
	all := jurors(y.cfg)
	shown, err := v.fixed(o, len(all))
	if err != nil {
		return err
	}
	v.built(o, all, a.format, wording)
	v.Run = y.judge.Run()
	v.Windows = v.spread(shown, o, all)
	bar := y.bar("build "+v.ValueID, int64(v.calls(o, len(all))))
	defer bar.Close()
	if err := y.answer(ctx, v, a, v.Windows, bar); err != nil {
		return err
	}
	if o.Pairing == PairActive {
		if err := y.active(ctx, v, o, a, bar); err != nil {
			return err
		}
	}
	return v.someUsable()
}

// calls is how many windows the judges get together, before those that are drawn twice are counted once. A window of
// the overlap costs two calls a judge.
//
//	200 texts, m 30, 5 judges, rotate, overlap 5 %     6,000 · (.05 · 10 + .95) = 8,700
//	the same, all                                      6,000 · (.05 · 10 + .95 · 5) = 31,500
//
//	100 texts, m 30, 7 judges, overlap .05     3,000 windows
//	rotate     3,000 · (.05 · 14 + .95)        4,950 calls
//	all        3,000 · (.05 · 14 + .95 · 7)    22,050
func (v *Value) calls(o DesignOptions, judges int) int {
	windows := float64(len(v.Texts) * o.M)
	if o.Pairing != PairUniform { // a matching of N texts has ⌊N/k⌋ windows
		windows = float64(len(v.Texts) / o.K * o.K * o.M)
	}
	each := 1.
	if o.Rotation == AllJudges {
		each = float64(judges)
	}
	return int(math.Round(windows * (o.Overlap*2*float64(judges) + (1-o.Overlap)*each)))
}

// someUsable refuses a value of which no answer can be used. Such a value fails by itself: the run's other values are
// scored and written.
func (v *Value) someUsable() error {
	why := map[string]int{}
	for _, w := range v.Windows {
		if w.Answer != nil && w.Answer.Error == "" && !w.Answer.Tie {
			return nil
		}
		if w.Answer != nil {
			why[w.Answer.Error]++
		}
	}
	return fault.New(fault.Invalid, "vidb: %s: none of %d answers is an order (%s): ask other judges, or in another "+
		"--format", v.ValueID, len(v.Windows), tally(why))
}

// tally lists reasons by how often they occur.
//
//	40 times no JSON object in the answer, 3 times a tie
func tally(why map[string]int) string {
	reasons := slices.SortedFunc(maps.Keys(why), func(a, b string) int {
		if why[a] != why[b] {
			return why[b] - why[a]
		}
		return strings.Compare(a, b)
	})
	for at, reason := range reasons {
		name := reason
		if name == "" {
			name = "a tie"
		}
		reasons[at] = fmt.Sprintf("%d times %s", why[reason], name)
	}
	return strings.Join(reasons, ", ")
}

// ask is one question and the windows that it answers: the same texts in the same order may be drawn several times. At
// temperature 0 they have one answer, and two questions for it under way at once would both be paid for.
type ask struct {
	voter   int
	texts   []string
	windows []*Window
}

// answer asks about windows. The first answers of each judge come first and alone: a judge that cannot keep to the form
// is found out before it is paid for a hundred thousand times.
//
//	1,000 questions, 2 judges, none looked at so far     the first 200 of each, a look, then the other 600
//	the next value of the same run                       no look: the judges are known
func (y *jury) answer(ctx context.Context, v *Value, a *asker, windows []Window, bar Bar) error {
	asks := y.asks(v, windows)
	var early, late []ask
	planned := slices.Clone(y.looked)
	for _, one := range asks {
		if planned[one.voter] < firstAnswers {
			planned[one.voter]++
			early = append(early, one)
		} else {
			late = append(late, one)
		}
	}
	if err := y.put(ctx, v, a, early, bar); err != nil {
		return err
	}
	if err := y.look(early); err != nil {
		return err
	}
	return y.put(ctx, v, a, late, bar)
}

// asks are the windows by what is asked, in the order in which they first come.
//
//	judge 1: A B, C D, A B again, B A     three questions; the first answers two windows
func (y *jury) asks(v *Value, windows []Window) []ask {
	place := map[string]int{}
	var out []ask
	for at := range windows {
		w := &windows[at]
		voter := slices.IndexFunc(y.cfg.Voters, func(one judge.Voter) bool { return one.Name == w.Judge })
		key := fmt.Sprint(voter, w.Shown)
		known, ok := place[key]
		if !ok {
			known = len(out)
			place[key] = known
			one := ask{voter: voter}
			for _, text := range w.Shown {
				one.texts = append(one.texts, v.Texts[text].Text)
			}
			out = append(out, one)
		}
		out[known].windows = append(out[known].windows, w)
	}
	return out
}

// put asks, and writes the answers into the windows.
func (y *jury) put(ctx context.Context, v *Value, a *asker, asks []ask, bar Bar) error {
	var items []judge.Item
	for _, one := range asks {
		items = append(items, a.question(one.voter, one.texts).Item)
	}
	if err := y.judge.Put(ctx, items); err != nil {
		return err
	}
	var mu sync.Mutex
	err := y.judge.Each(len(asks), func(i int, t *judge.Turn) error {
		one := asks[i]
		vote, err := t.Ask(ctx, one.voter, a.question(one.voter, one.texts))
		if err != nil {
			return err
		}
		for _, w := range one.windows {
			w.Answer = answered(vote, w.Shown)
		}
		return nil
	}, func(asked bool) {
		mu.Lock()
		defer mu.Unlock()
		bar.Suffix(y.judge.Spent())
		if asked {
			bar.Add(1)
		} else {
			bar.Replay(1)
		}
	})
	if err != nil {
		return judge.Resumable(err)
	}
	return nil
}

// answered reads a vote as the answer to a window. The vote is named by what it is found by in the votes file. A number
// of its row would depend on who answered first, and two runs would have unlike bytes.
//
//	["B","A"] of the texts 17 and 4     ranking 4 17
//	[]                                  a tie
//	nothing parsed                      the vote's reason
func answered(vote judge.Vote, shown []int) *Answer {
	a := &Answer{Error: vote.Error, Vote: fmt.Sprintf("%s/%s/%d", vote.Item, vote.Voter, vote.Attempt)}
	if vote.Parsed == "" {
		return a
	}
	order, tie := places(vote.Parsed)
	a.Tie, a.Error = tie, ""
	for _, place := range order {
		a.Ranking = append(a.Ranking, shown[place])
	}
	return a
}

// look counts the first answers of each judge, and ends the run where too many of them cannot be used. An answer
// counts once, however many windows it answers. The exit code is 75: what was answered is kept.
func (y *jury) look(asks []ask) error {
	for _, one := range asks {
		y.looked[one.voter]++
		if reason := one.windows[0].Answer.Error; reason != "" {
			y.bad[one.voter]++
			y.why[one.voter][reason]++
		}
	}
	for voter, n := range y.looked {
		if n >= firstAnswers && float64(y.bad[voter]) > mostUnusable*float64(n) {
			return fault.Saved(fault.New(fault.Unavailable, "vidb: judge %q: %d of its first %d answers cannot be used (%s): "+
				"its answers stand in the votes file; mend its prompt or leave it out", y.cfg.Voters[voter].Name, y.bad[voter], n,
				tally(y.why[voter])))
		}
	}
	return nil
}

// KindRun marks runs of this package in a votes file.
const KindRun = "intensity"
