package judge

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"hives/internal/fault"
)

// Kinds of queue items.
const (
	KindLabel  = "label"  // a text whose value the panel could not agree on
	KindAnchor = "anchor" // an anchor sentence to be looked at
	// KindIntensity is a text's score that voters doubted.
	KindIntensity = "intensity"
	// KindDegree is an answer, or several, whose degree people are to say without knowing which was asked for.
	KindDegree = "degree"
)

// QueueItem waits for a human. Its key is kind, run, item and theory: who puts the same up again finds what was decided
// on it. What a kind adds to a text stands in Payload, which the store does not read.
type QueueItem struct {
	ID        int64 // 0 until it is in the store
	Kind      string
	Run       string
	ItemID    string
	Text      string
	Theory    string
	PathSoFar []string // the levels agreed on
	Level     int      // 1–3: the level that is open; 0: only the direction is
	Reason    string
	Payload   string // JSON of other kinds, else empty
	Votes     []Vote // every answer of the run about the item, in the order they came
}

// Verdicts of a decision.
const (
	VerdictValue = "value" // Path and Direction hold
	VerdictNone  = "none"  // the text touches no value of this theory
	VerdictSkip  = "skip"  // the reviewer will not say
)

// Decision is what one reviewer says of one queue item. Verdict, path and direction are a label's; other kinds lend
// them another meaning: an anchor's path is the sentence that shall stand.
type Decision struct {
	ID        int64
	Queue     int64 // QueueItem.ID
	Reviewer  string
	Verdict   string
	Path      []string // levels coarse to fine, empty unless the verdict is VerdictValue
	Direction int32    // +1, 0, −1
	Note      string
	At        time.Time
	UndoneAt  time.Time // zero while it holds
}

// Enqueue asks for a human's decision. The item of an equal (Kind, Run, ItemID, Theory) is brought up to
// date and keeps its id and decisions. The text must be known already: see PutItems.
func (s *Store) Enqueue(ctx context.Context, q QueueItem) (id int64, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		return tx.QueryRow(`INSERT INTO queue (kind, run, item, theory, path, level, reason, payload)
			VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET
			path = excluded.path, level = excluded.level, reason = excluded.reason, payload = excluded.payload
			RETURNING id`,
			q.Kind, q.Run, q.ItemID, q.Theory, pathJSON(q.PathSoFar), q.Level, q.Reason, q.Payload).Scan(&id)
	})
	return id, err
}

// Dequeue takes an item back that needs no human any more, unless one has decided on it already: what people did is
// never thrown away, even if new voters agree where the old ones did not.
func (s *Store) Dequeue(ctx context.Context, kind, run, item, theory string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM queue WHERE kind = ? AND run = ? AND item = ? AND theory = ?
			AND id NOT IN (SELECT queue FROM decisions)`, kind, run, item, theory)
		return err
	})
}

// Queue returns all items that were put up for review, decided or not, in the order they came. A query an item: a
// queue is as long as people can look through.
func (s *Store) Queue(ctx context.Context) ([]QueueItem, error) {
	items, err := query(ctx, s, scanQueue, `SELECT q.id, q.kind, q.run, q.item, i.text, q.theory, q.path, q.level,
		q.reason, q.payload FROM queue q JOIN items i ON i.item = q.item ORDER BY q.id`)
	if err != nil {
		return nil, err
	}
	for k := range items {
		if items[k].Votes, err = s.ItemVotes(ctx, items[k].Run, items[k].ItemID); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// scanQueue leaves the votes out: they come with a query of their own for each item.
func scanQueue(rows *sql.Rows) (q QueueItem, err error) {
	var path string
	err = rows.Scan(&q.ID, &q.Kind, &q.Run, &q.ItemID, &q.Text, &q.Theory, &path, &q.Level, &q.Reason, &q.Payload)
	if err == nil {
		err = json.Unmarshal([]byte(path), &q.PathSoFar)
	}
	return q, err
}

// Decide records a decision and returns its id. A reviewer's later decision on the same item supersedes
// the earlier one, which comes back when the later one is undone. No row is ever changed but for undone_at, so that
// the file says who thought what and when:
//
//	id  reviewer  verdict  undone_at        Decisions shows
//	1   ann       value                     ann value
//	2   ann       none                      ann none
//	2   ann       none     12:00, by Undo   ann value
func (s *Store) Decide(ctx context.Context, d Decision) (id int64, err error) {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "decision on item %d: "+format, append([]any{d.Queue}, args...)...)
	}
	switch {
	case d.Reviewer == "":
		return 0, bad("names no reviewer")
	case d.Direction < -1 || d.Direction > 1:
		return 0, bad("direction %d is none of −1, 0, 1", d.Direction)
	case d.Verdict != VerdictValue && d.Verdict != VerdictNone && d.Verdict != VerdictSkip:
		return 0, bad("verdict %q is none of value, none, skip", d.Verdict)
	case (d.Verdict == VerdictValue) != (len(d.Path) > 0):
		return 0, bad("verdict %s with a path of %d levels", d.Verdict, len(d.Path))
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		return tx.QueryRow(`INSERT INTO decisions (queue, reviewer, verdict, path, direction, note, at)
			VALUES (?,?,?,?,?,?,?) RETURNING id`,
			d.Queue, d.Reviewer, d.Verdict, pathJSON(d.Path), d.Direction, d.Note, stamp(d.At)).Scan(&id)
	})
	return id, err
}

// Undo takes back a reviewer's latest decision that still holds and returns it; ok is false when there is none. Only
// the reviewer's own: nobody takes back what another has said.
func (s *Store) Undo(ctx context.Context, reviewer string, at time.Time) (d Decision, ok bool, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		rows, err := tx.Query(`UPDATE decisions SET undone_at = ? WHERE id =
			(SELECT max(id) FROM decisions WHERE reviewer = ? AND undone_at = '') RETURNING `+decisionColumns,
			stamp(at), reviewer)
		if err != nil {
			return err
		}
		defer rows.Close()
		if ok = rows.Next(); ok {
			d, err = scanDecision(rows)
		}
		return err
	})
	return d, ok, err
}

// decisionColumns and scanDecision go by this order.
const decisionColumns = `id, queue, reviewer, verdict, path, direction, note, at, undone_at`

// Decisions returns, for each queue item and reviewer, the latest decision that holds, by item and reviewer.
func (s *Store) Decisions(ctx context.Context) ([]Decision, error) {
	return query(ctx, s, scanDecision, `SELECT `+decisionColumns+` FROM decisions WHERE id IN
		(SELECT max(id) FROM decisions WHERE undone_at = '' GROUP BY queue, reviewer) ORDER BY queue, reviewer`)
}

// History returns every decision ever taken, the undone ones too, in order.
func (s *Store) History(ctx context.Context) ([]Decision, error) {
	return query(ctx, s, scanDecision, `SELECT `+decisionColumns+` FROM decisions ORDER BY id`)
}

// scanDecision reads a row of decisionColumns.
func scanDecision(rows *sql.Rows) (d Decision, err error) {
	var path, at, undone string
	err = rows.Scan(&d.ID, &d.Queue, &d.Reviewer, &d.Verdict, &path, &d.Direction, &d.Note, &at, &undone)
	if err != nil {
		return d, err
	}
	if err = json.Unmarshal([]byte(path), &d.Path); err != nil {
		return d, err
	}
	if d.At, err = time.Parse(time.RFC3339, at); err == nil && undone != "" {
		d.UndoneAt, err = time.Parse(time.RFC3339, undone)
	}
	return d, err
}

// pathJSON writes no levels as []. The column is never NULL, so that equal paths are equal texts.
func pathJSON(path []string) string {
	if len(path) == 0 {
		return "[]"
	}
	raw, _ := json.Marshal(path) // strings always marshal
	return string(raw)
}
