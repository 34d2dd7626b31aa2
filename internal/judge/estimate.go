package judge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"hives/internal/columns"
	"hives/internal/llm"
)

// Estimate is what questions take, or have taken. Money is counted in whole millionths: sums of floats would depend on
// the order in which answers came.
type Estimate struct {
	Questions int64 // put to the voters
	Requests  int64 // one for each voter and question
	Tokens    int64
	Micro     int64 // millionths of the currency
}

// Ask adds requests to a voter that read and write so many tokens together.
func (e *Estimate) Ask(v Voter, requests, in, out int64) {
	e.Requests += requests
	e.Tokens += in + out
	e.Micro += v.CostMicro(in, out)
}

// add counts an answer that came, an unusable one too: it was paid for.
func (e *Estimate) add(v Vote) {
	e.Requests++
	e.Tokens += v.TokensIn + v.TokensOut
	e.Micro += v.CostMicro
}

// Course is one way that a run may go: the questions that follow depend on the answers, so there is a cheapest way, a
// likely one and a dearest one. A judge whose questions are known beforehand has one course.
type Course struct {
	Name string
	Estimate
}

// Forecast is what a run would take, before anybody is asked. Unusable answers, asked for again up to the
// configuration's attempts, come on top; the budget holds in any case.
type Forecast struct {
	Items     int      // texts, windows or whatever is asked about
	Noun      string   // what they are called
	Courses   []Course // cheapest first
	Budget    llm.Limits
	Stored    Estimate // what earlier starts of the run took
	Elsewhere Estimate // of that, on items which this run does not hold: the budget counts it on top
}

// Write prints the courses, what is stored already, and how far the budget goes.
//
//	        texts  questions  requests  tokens     EUR
//	least     100        200      1400  630000  0.1428
//	likely    100        300      2100  945000  0.2142
//	the budget is enough for the likely, not for the most
func (f Forecast) Write(out io.Writer) error {
	w := columns.NewRightTable(out)
	currency := cmp.Or(f.Budget.Currency, "money")
	// Questions and requests differ by the number of voters: both are shown, since people think in the first and
	// endpoints count the second.
	fmt.Fprintf(w, "\t%s\tquestions\trequests\ttokens\t%s\t\n", f.Noun, currency)
	for _, c := range f.Courses {
		money := float64(c.Micro) / 1e6
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%.4f\t\n", c.Name, f.Items, c.Questions, c.Requests, c.Tokens, money)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if f.Stored.Requests > 0 {
		fmt.Fprintf(out, "%d answers of this run are stored already (%d tokens, %.4f): they are not asked for again\n",
			f.Stored.Requests, f.Stored.Tokens, float64(f.Stored.Micro)/1e6)
	}
	if f.Budget.Tokens == 0 && f.Budget.Money == 0 {
		_, err := fmt.Fprintln(out, "no budget is set: nothing would stop the run")
		return err
	}
	_, err := fmt.Fprintf(out, "the budget is enough for %s\n", f.affordable())
	return err
}

// affordable names the costliest course that the budget bears beside what the run has taken elsewhere.
//
//	courses of 10, 20 and 40 tokens, 5 taken elsewhere
//	budget 45   the most
//	budget 44   the likely, not for the most
//	budget 24   the least, not for the likely: expect it to stop the run
//	budget 14   not even the least: it will stop the run
func (f Forecast) affordable() string {
	b, last := f.Budget, len(f.Courses)-1
	for i := last; i >= 0; i-- {
		tokens := f.Courses[i].Tokens + f.Elsewhere.Tokens
		money := float64(f.Courses[i].Micro+f.Elsewhere.Micro) / 1e6
		if (b.Tokens > 0 && tokens > b.Tokens) || (b.Money > 0 && money > b.Money) {
			continue
		}
		said := "the " + f.Courses[i].Name
		if i < last {
			said += ", not for the " + f.Courses[i+1].Name
		}
		if i == 0 && last > 0 {
			said += ": expect it to stop the run"
		}
		return said
	}
	return "not even the " + f.Courses[0].Name + ": it will stop the run"
}

// Before is what earlier starts of a run have taken in all, and of that on items that are not here. The budget counts
// all of it: what was taken on items that are here is part of their courses already, the rest comes on top of them. A
// forecast creates no votes file.
func Before(ctx context.Context, path, run string, here []Item) (all, elsewhere Estimate, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return all, elsewhere, nil
	}
	store, err := Open(path)
	if err != nil {
		return all, elsewhere, err
	}
	defer store.Close()
	votes, err := store.RunVotes(ctx, run)
	known := map[string]bool{}
	for _, it := range here {
		known[it.ID] = true
	}
	for _, v := range votes {
		all.add(v)
		if !known[v.Item] {
			elsewhere.add(v)
		}
	}
	return all, elsewhere, err
}

// GuessedWait is how long one call takes, where nobody knows the endpoint.
const GuessedWait = 2 * time.Second

// Wait is how long a voter's calls take at the least: by its endpoint's rate, and by what it answers beside each other.
//
//	1,000 calls, 4 beside each other, 60 a minute     500 s by the calls, 1,000 s by the rate: 1,000 s
func (c Config) Wait(v Voter, calls int64) time.Duration {
	beside, perMinute := 1, 0.
	for _, e := range c.Endpoints {
		if e.Name == v.Endpoint {
			beside, perMinute = max(1, e.Parallel), float64(e.RequestsPerMinute)
		}
	}
	took := time.Duration(calls) * GuessedWait / time.Duration(beside)
	if perMinute > 0 {
		took = max(took, time.Duration(float64(calls)/perMinute*float64(time.Minute)))
	}
	return took
}

// Agreed refuses a run that nobody has agreed to pay for: the budget bears its cheapest course, or yes says so. Nothing
// is to be agreed to where every voter is computed here and no budget is set, or where all is stored already.
func (f Forecast) Agreed(voters []Voter, yes bool, cheaper string) error {
	paid := slices.ContainsFunc(voters, func(v Voter) bool { return !v.AtHome() })
	dearest := f.Courses[len(f.Courses)-1]
	if yes || f.Stored.Requests >= dearest.Requests || !paid && f.Budget.Tokens == 0 && f.Budget.Money == 0 {
		return nil
	}
	return Afford(f.Courses[0].Estimate, f.Budget, cheaper)
}

// Afford refuses calls that nobody has agreed to pay for: the budget bears them, or the command's --yes says so.
// cheaper is what would make them fewer, such as "lower --m".
//
//	no budget                  refused
//	budget beyond the calls    goes on
//	budget below               refused: it would be spent before the end
func Afford(e Estimate, b llm.Limits, cheaper string) error {
	if b.Tokens == 0 && b.Money == 0 {
		return invalid("%d calls and no budget: look at the estimate (--dry-run), and say --yes or give [budget]", e.Requests)
	}
	if (b.Tokens > 0 && e.Tokens > b.Tokens) || (b.Money > 0 && float64(e.Micro)/1e6 > b.Money) {
		return invalid("%d calls take about %d tokens and %.2f %s, the budget is %d and %.2f: raise it, %s, or say "+
			"--yes to ask until it is spent", e.Requests, e.Tokens, float64(e.Micro)/1e6, b.Currency, b.Tokens, b.Money,
			cheaper)
	}
	return nil
}
