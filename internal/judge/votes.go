package judge

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"hives/internal/fault"
	"hives/internal/llm"
)

// Item is a text that somebody is asked about. Several texts that are shown together are an item of their own, with the
// JSON array of them, in the order shown, as its text: another order is another item.
type Item struct {
	ID      string // text_id
	Text    string
	Group   string
	Corpus  string
	Licence string
}

// Prompt is a prompt with the item's place left open. With an item's text it gives back what was asked, word for
// word, so that an answer of last year can be understood, and asked again.
type Prompt struct {
	Name string // file and version
	Text string
}

// Hash identifies the prompt.
func (p Prompt) Hash() string { return Hash(p.Text) }

// Hash is the hex SHA-256 of s.
func Hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Vote is one answer of one voter. Run, Prompt, Item, Voter and Attempt are its key: what is asked again after an
// unusable answer is another attempt at the same question.
//
//	attempt  raw                        parsed                  error
//	1        I would rather not.                                no JSON object in the answer
//	2        {"choice": "Care/Harm"}    {"choice":"care/harm"}
type Vote struct {
	Run      string
	Prompt   string // hash
	Item     string
	Voter    string
	Attempt  int // from 1
	Question string
	Raw      string
	Parsed   string // JSON; "" where Raw could not be used, and Error says why
	Error    string

	Model     string // as the endpoint names it
	TokensIn  int64
	TokensOut int64
	CostMicro int64 // millionths of the configured currency
	Latency   time.Duration
	At        time.Time
}

// PutRun records what a run's answers depend on; config is JSON without secrets. A known run stays as it is.
func (s *Store) PutRun(ctx context.Context, run, kind, config string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO runs VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, run, kind, config)
		return err
	})
}

// PutItems records texts; known ones stay as they are, since an id is a hash of what it stands for.
func (s *Store) PutItems(ctx context.Context, items []Item) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		put, err := tx.Prepare(`INSERT INTO items VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
		if err != nil {
			return err
		}
		defer put.Close()
		for _, it := range items {
			if _, err := put.Exec(it.ID, it.Text, it.Group, it.Corpus, it.Licence); err != nil {
				return err
			}
		}
		return nil
	})
}

// Texts returns the texts of those of the items that are known. Those that are not known are missing in the map,
// which is no error.
func (s *Store) Texts(ctx context.Context, items []string) (map[string]string, error) {
	get, err := s.db.PrepareContext(ctx, `SELECT text FROM items WHERE item = ?`)
	if err != nil {
		return nil, s.wrap(err)
	}
	defer get.Close()
	out := map[string]string{}
	for _, item := range items {
		var text string
		switch err := get.QueryRowContext(ctx, item).Scan(&text); {
		case err == nil:
			out[item] = text
		case !errors.Is(err, sql.ErrNoRows):
			return nil, s.wrap(err)
		}
	}
	return out, nil
}

// PutPrompt records a prompt. A known one stays as it is: the key is a hash of its words.
func (s *Store) PutPrompt(ctx context.Context, p Prompt) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO prompts VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, p.Hash(), p.Name, p.Text)
		return err
	})
}

// PutVote records an answer. The file is synced before it returns. An answer that is there already stays: it can
// only come from a program that asks for the run beside this one, where locks of files do not work.
func (s *Store) PutVote(ctx context.Context, v Vote) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		done, err := tx.Exec(`INSERT INTO votes (run, prompt, item, voter, attempt, question, raw, parsed, error,
			model, tokens_in, tokens_out, cost_micro, latency_ms, at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
			ON CONFLICT (run, prompt, item, voter, attempt) DO NOTHING`,
			v.Run, v.Prompt, v.Item, v.Voter, v.Attempt, v.Question, v.Raw, v.Parsed, v.Error,
			v.Model, v.TokensIn, v.TokensOut, v.CostMicro, v.Latency.Milliseconds(), stamp(v.At))
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return fault.New(fault.Exists, "attempt %d of voter %q at item %s is stored already: "+
			"another program is asking for the same run; stop one of the two", v.Attempt, v.Voter, v.Item)
	})
}

// voteColumns and scanVote go by one order; id, the order of coming, is for ORDER BY alone.
const voteColumns = `SELECT run, prompt, item, voter, attempt, question, raw, parsed, error,
	model, tokens_in, tokens_out, cost_micro, latency_ms, at FROM votes `

// Attempts returns a voter's answers to one prompt about one item, in the order of attempts. Answers to the same
// question under another wording of the prompt are not among them.
func (s *Store) Attempts(ctx context.Context, run, prompt, item, voter string) ([]Vote, error) {
	const where = `WHERE run = ? AND prompt = ? AND item = ? AND voter = ? ORDER BY attempt`
	return query(ctx, s, scanVote, voteColumns+where, run, prompt, item, voter)
}

// ItemVotes returns every answer of a run about an item, in the order they came.
func (s *Store) ItemVotes(ctx context.Context, run, item string) ([]Vote, error) {
	return query(ctx, s, scanVote, voteColumns+`WHERE run = ? AND item = ? ORDER BY id`, run, item)
}

// RunVotes returns every answer of a run by item, question, voter and attempt: an order in which it does not show who
// answered first, so that what is made of it is the same for a run in one go and one in ten.
func (s *Store) RunVotes(ctx context.Context, run string) ([]Vote, error) {
	return query(ctx, s, scanVote, voteColumns+`WHERE run = ? ORDER BY item, question, voter, attempt`, run)
}

// Used adds up what a run has used: tokens, millionths of the currency, answers. Counts that are none, which files of
// older programs may hold, are brought within bounds: their sum would run over.
func (s *Store) Used(ctx context.Context, run string) (tokens, micro, answers int64, err error) {
	const sums = `SELECT coalesce(sum(min(max(tokens_in, 0), ?2) + min(max(tokens_out, 0), ?2)), 0),
		CAST(min(total(max(cost_micro, 0)), 1e18) AS INTEGER), count(*) FROM votes WHERE run = ?1`
	err = s.db.QueryRowContext(ctx, sums, run, llm.MostTokens).Scan(&tokens, &micro, &answers)
	return tokens, micro, answers, s.wrap(err)
}

// Served is what answers each voter of a run, by the endpoint's name for it in the voter's latest answer.
func (s *Store) Served(ctx context.Context, run string) (map[string]string, error) {
	type latest struct{ voter, model string }
	const last = `SELECT voter, model, max(id) FROM votes WHERE run = ? AND model <> '' GROUP BY voter`
	all, err := query(ctx, s, func(rows *sql.Rows) (l latest, err error) {
		var id int64
		return l, rows.Scan(&l.voter, &l.model, &id)
	}, last, run)
	out := map[string]string{}
	for _, l := range all {
		out[l.voter] = l.model
	}
	return out, err
}

// believed brings a stored count within what Used believes, so that votes add up to it. An endpoint's count below 0
// is 0, one beyond every model is the largest that is believed.
func believed(tokens int64) int64 { return min(max(tokens, 0), llm.MostTokens) }

// scanVote reads a row of voteColumns, in their order.
func scanVote(rows *sql.Rows) (v Vote, err error) {
	var ms int64
	var at string
	err = rows.Scan(&v.Run, &v.Prompt, &v.Item, &v.Voter, &v.Attempt, &v.Question, &v.Raw, &v.Parsed, &v.Error,
		&v.Model, &v.TokensIn, &v.TokensOut, &v.CostMicro, &ms, &at)
	v.TokensIn, v.TokensOut = believed(v.TokensIn), believed(v.TokensOut)
	if err == nil {
		v.Latency = time.Duration(ms) * time.Millisecond
		v.At, err = time.Parse(time.RFC3339, at)
	}
	return v, err
}

// stamp is how times stand in the file: UTC, to the second. In this form times that are sorted as text are in order.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
