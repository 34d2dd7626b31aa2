package vidb

import (
	"context"
	"fmt"
	"math"
	"slices"

	"hives/data"
	"hives/intensity"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/ranking"
)

// StatusEmpty is the status of a response without words. The others are those of package intensity.
const StatusEmpty intensity.Status = "empty"

// scoring is the work on one value: the windows of all responses, and what comes of their answers. Numbers of texts:
// the pool's first, the responses behind them. With a pool of 400 response 0 is text 400, so one list of texts serves
// windows, questions and answers.
//
//	shown [17 400 3 …]     anchors 17 and 3, the response between them
type scoring struct {
	v         *Value
	o         ScoreOptions
	responses []Response
	final     []float64 // [N]
	hash      string
	foretold  *foretelling // nil without vectors

	shown    [][]int // m windows a response that has words: numbers of texts, the response's own behind the pool's
	owner    []int   // of each window, the response
	borrowed int
}

// newScoring draws the windows. A response's windows depend on its pair, the value, the database and the seed alone:
// not on the judges, on other responses, or on the run.
func newScoring(v *Value, o ScoreOptions, responses []Response) (*scoring, error) {
	if o.M > ranking.MostWindows/max(1, len(responses)) {
		return nil, invalid("--m %d: %d windows for each of %d responses are more than memory holds: want %d at most",
			o.M, o.M, len(responses), ranking.MostWindows/len(responses))
	}
	s := &scoring{v: v, o: o, responses: responses, hash: v.Hash()}
	for _, score := range v.Scores {
		s.final = append(s.final, score.Final)
	}
	if _, err := s.scorer(1); err != nil {
		return nil, fault.Usage(err)
	}
	everyone, err := s.pool(v.Anchors(o.MaxSE, "", ""))
	if err != nil {
		return nil, err
	}
	// Most responses are no text of the pool and of no group of it: for those one sorted pool serves all.
	own := map[string]bool{}
	for _, t := range v.Texts {
		own[t.ID], own["group "+t.Group] = true, true
	}
	for at, r := range responses {
		if r.empty() {
			continue
		}
		pool, id := everyone, data.TextID(r.Text)
		if own[id] || (r.Group != "" && own["group "+r.Group]) {
			if pool, err = s.pool(v.Anchors(o.MaxSE, id, r.Group)); err != nil {
				return nil, err
			}
		}
		s.draw(at, pool)
	}
	return s, nil
}

// pool refuses anchors that fill no window.
func (s *scoring) pool(eligible []int) (*intensity.Pool, error) {
	p, err := intensity.NewPool(s.final, eligible, s.o.K)
	if err != nil {
		return nil, fault.Usage(fault.New(fault.Invalid, "vidb: %s: %w: lower --k, or raise --max-se", s.v.ValueID, err))
	}
	return p, nil
}

// draw makes the windows of a response. It stands at other places from window to window, and the anchors around it are
// dealt anew in each: at temperature 0 an unchanged window would only repeat its answer.
// Two streams, one for who stands there and one for where: another panel leaves the places as they are.
//
//	k 6, m 3, first place 1     the response stands at places 1, 3, 5
func (s *scoring) draw(response int, pool *intensity.Pool) {
	pair := s.responses[response].pair()
	random := ranking.Stream(s.v.purpose("score panel"), s.o.Seed, pair)
	var panel intensity.Panel
	switch s.o.Panel {
	case PanelFixed:
		panel = pool.Same(s.o.M)
	case PanelRandom:
		panel = pool.Random(random, s.o.M)
	default:
		panel = pool.Bucketed(random, s.o.M)
	}
	s.borrowed += panel.Borrowed
	random = ranking.Stream(s.v.purpose("score order"), s.o.Seed, pair)
	first := random.IntN(s.o.K)
	for t, anchors := range panel.Windows {
		random.Shuffle(len(anchors), func(a, b int) { anchors[a], anchors[b] = anchors[b], anchors[a] })
		place := intensity.Place(first, t, s.o.K, s.o.M)
		s.shown = append(s.shown, slices.Insert(anchors, place, len(s.v.Texts)+response))
		s.owner = append(s.owner, response)
	}
}

// texts are the words of a window.
func (s *scoring) texts(shown []int) (out []string) {
	for _, text := range shown {
		if n := text - len(s.v.Texts); n >= 0 {
			out = append(out, s.responses[n].Text)
		} else {
			out = append(out, s.v.Texts[text].Text)
		}
	}
	return out
}

// scorer is of one judge, by its sharpness.
// An imported value without utilities has no map: it can be scored by its scores alone (--utility score).
func (s *scoring) scorer(beta float64) (intensity.Scorer, error) {
	out := intensity.Scorer{Final: s.final, Logit: s.o.Utility == UtilityLogit, Scale: beta}
	if !out.Logit {
		return out, nil
	}
	var err error
	out.Map, err = s.v.Map()
	return out, err
}

// run asks every judge about every window, and scores.
func (s *scoring) run(ctx context.Context, y *jury) ([]ResponseScore, []ScoreSummary, error) {
	a, err := newAsker(s.v, s.o.K, s.o.Format, WordingOurs, y.cfg.Voters)
	if err != nil {
		return nil, nil, err
	}
	// The jury asks about the texts of a value: here those of the pool, and the responses behind them.
	all := &Value{About: s.v.About, Texts: slices.Clone(s.v.Texts), known: s.v.known}
	for _, r := range s.responses {
		all.Texts = append(all.Texts, Text{Text: r.Text})
	}
	// Every judge gets the same windows: judges then differ by what they say and not by what they saw.
	var windows []Window
	for at, shown := range s.shown {
		for _, voter := range y.cfg.Voters {
			windows = append(windows, Window{Focal: s.owner[at], Rep: at, Judge: voter.Name, Shown: shown})
		}
	}
	bar := y.bar("score "+s.v.ValueID, int64(len(windows)))
	defer bar.Close()
	if err := y.answer(ctx, all, a, windows, bar); err != nil {
		return nil, nil, err
	}
	var rows []ResponseScore
	var summaries []ScoreSummary
	// Windows of one judge lie as far apart as there are judges.
	for at, voter := range y.cfg.Voters {
		var own []Window
		for n := at; n < len(windows); n += len(y.cfg.Voters) {
			own = append(own, windows[n])
		}
		scored, summary, err := s.score(voter, own)
		if err != nil {
			return nil, nil, err
		}
		rows, summaries = append(rows, scored...), append(summaries, summary)
	}
	return rows, summaries, nil
}

// score makes one judge's scores of its answers.
func (s *scoring) score(voter judge.Voter, windows []Window) ([]ResponseScore, ScoreSummary, error) {
	beta, note := s.sharpness(windows)
	scorer, err := s.scorer(beta)
	if err != nil {
		return nil, ScoreSummary{}, err
	}
	of := make([][]Window, len(s.responses))
	for _, w := range windows {
		of[w.Focal] = append(of[w.Focal], w)
	}
	var rows []ResponseScore
	for at, r := range s.responses {
		row := s.row(r, voter, of[at])
		row.Beta = beta
		if err := s.estimate(&row, at, scorer, s.ranks(of[at])); err != nil {
			return nil, ScoreSummary{}, fmt.Errorf("vidb: %s, response %s: %w", s.v.ValueID, r.ID, err)
		}
		rows = append(rows, row)
	}
	summary := s.summarise(voter, rows, windows)
	summary.Beta, summary.BetaNote, summary.Prior = beta, note, s.told(scorer)
	return rows, summary, nil
}

// ranks are the usable answers: the anchors in the judge's order, and the response's rank among them.
//
//	answer [3 400 17 …], 400 the response     anchors [3 17 …], rank 2
func (s *scoring) ranks(windows []Window) (out []intensity.Window) {
	for _, w := range windows {
		if w.Answer == nil || len(w.Answer.Ranking) == 0 {
			continue
		}
		at := slices.IndexFunc(w.Answer.Ranking, s.isResponse)
		out = append(out, intensity.Window{Anchors: slices.Delete(slices.Clone(w.Answer.Ranking), at, at+1), Rank: at + 1})
	}
	return out
}

// isResponse tells a response's number from an anchor's.
func (s *scoring) isResponse(text int) bool { return text >= len(s.v.Texts) }

const (
	scaleWindows = 30  // fewer fit no sharpness
	leastScale   = .05 // of a judge whose orders say nothing: its intervals then span the whole scale
)

// sharpness is the judge's β among those who made the database, fitted to how it orders the anchors, and why it is 1
// where it is not fitted. It is the one thing in a score that other responses of the run have a part in.
//
//	it orders anchors as surely as the database's judges did     β about 1
//	half as surely                                               β about .5, wider intervals
//	it throws dice                                               β .05: intervals span the scale
func (s *scoring) sharpness(windows []Window) (beta float64, note string) {
	switch ranked := s.ranks(windows); {
	case s.o.Utility != UtilityLogit:
		return 1, "anchors count by their scores"
	case s.o.Scale == ScaleOne:
		return 1, "as asked for"
	// Fewer windows would fit the noise of a few orders, and every interval of the run would hang on it.
	case len(ranked) < scaleWindows:
		return 1, fmt.Sprintf("%d windows are too few to fit it, %d are needed", len(ranked), scaleWindows)
	default:
		var orders [][]float64
		for _, w := range ranked {
			var order []float64
			for _, text := range w.Anchors {
				order = append(order, s.v.Utility(text))
			}
			orders = append(orders, order)
		}
		fitted, err := ranking.FitScale(orders)
		if err != nil {
			return 1, "it orders the anchors as their scores have them, always: its sharpness has no upper bound"
		}
		if fitted < leastScale {
			return leastScale, "its orders of the anchors have nothing to do with their scores"
		}
		return fitted, ""
	}
}

// estimate fills in where a response stands.
// An empty response keeps its status: nobody was asked about it, so it has no place and no number.
func (s *scoring) estimate(
	row *ResponseScore, response int, scorer intensity.Scorer, windows []intensity.Window,
) error {
	if row.Status == StatusEmpty {
		return nil
	}
	var score intensity.Score
	var err error
	switch {
	case s.foretold != nil:
		mean, sd := s.foretold.mean[response], s.foretold.SD
		expected := scorer.Expected(mean, sd)
		row.Prior, row.PriorSD = known(expected.Value), known(expected.SE)
		score, err = scorer.PosteriorFrom(windows, mean, sd)
	case s.o.Estimate == EstimatePosterior:
		score, err = scorer.Posterior(windows, s.scoredFinals())
	default:
		score, err = scorer.Score(windows)
	}
	if err != nil {
		return err
	}
	row.Status = score.Status
	row.Score, row.U, row.SE = known(score.Value), known(score.U), known(score.SE)
	row.Lo, row.Hi = known(score.Lo), known(score.Hi)
	return nil
}

// scoredFinals are the final scores of all texts that have one.
func (s *scoring) scoredFinals() (out []float64) {
	for _, final := range s.final {
		if !math.IsNaN(final) {
			out = append(out, final)
		}
	}
	return out
}
