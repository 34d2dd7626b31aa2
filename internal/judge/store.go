package judge

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/ncruces/go-sqlite3"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/sqlitefile"
	"hives/internal/whatis"
)

// busyTimeout: a write takes milliseconds, so who waits so long waits for a program that hangs.
const busyTimeout = 10 * time.Second

// schema is written once, into a new file. It is pinned with its comments: SQLite keeps the words of CREATE TABLE.
//
//go:embed schema.sql
var schema string

// format is what a votes file is.
var format = sqlitefile.Kind{Name: "votes", Application: 0x48695645, Version: 1, Schema: schema} // "HiVE"

// Store is one votes file. Several processes may have it open, such as a run and a review. Everything in it is found by
// keys that hold no time and no counter, so what is written twice is one row, and a run that is repeated reads its own
// answers.
type Store struct {
	db   *sql.DB // one connection: SQLite has one writer, and waiting inside Go is cheaper than in the file
	path string

	mu     sync.Mutex
	claims []*flock.Flock // lock files of the runs that this store asks for
}

// Open opens the file at path and creates it where there is none.
func Open(path string) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("votes %s: %w", path, err)
	}
	if _, err := os.Stat(filepath.Dir(abs)); err != nil {
		return nil, fault.New(fault.NotFound, "votes %s: its folder does not exist: create it first", path)
	}
	if err := fsutil.CheckSQLite(abs); err != nil {
		return nil, fmt.Errorf("votes: %w", err)
	}
	if err := checkHeader(abs); err != nil {
		return nil, fault.New(fault.Corrupt, "votes %s: %w", path, err)
	}
	if err := format.Spare(abs); err != nil {
		return nil, fmt.Errorf("votes %s: %w", path, err)
	}
	db, err := sqlitefile.Open(abs, settings())
	if err != nil {
		return nil, fmt.Errorf("votes %s: %w", path, err)
	}
	s := &Store{db: db, path: path}
	err = s.prepare()
	if err == nil {
		// The names of the file and of its log: where SQLite asks for the folder to be synced, the driver syncs the
		// file again.
		err = fsutil.Classify(fsutil.SyncName(abs), path)
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return s, nil
}

// checkHeader refuses a file that is no SQLite file, before SQLite does so less clearly. It neither creates the file
// nor waits for a lock on it.
//
// A file of 0 bytes passes, since a program that was killed while it made one may have left it.
func checkHeader(path string) error {
	const magic = "SQLite format 3\x00"
	f, err := fsutil.OpenRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, len(magic))
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.EOF) || (err == nil && string(head) == magic) {
		return nil // io.EOF: empty, which SQLite fills
	}
	cause := fmt.Errorf("is no SQLite file (%d bytes of another kind): name another file or restore a copy", n)
	return whatis.Instead(path, "an SQLite file", cause)
}

// settings are the driver's. The busy timeout comes first, since the change to WAL needs a lock.
//
//	journal_mode WAL     a review reads while a run writes
//	synchronous FULL     an answer that PutVote has returned outlives a power cut; in WAL, NORMAL would not promise it
//	foreign_keys ON      no vote without its run, prompt and item
//	_txlock immediate    a writer waits at its beginning; one that had read first could not be let through later
func settings() url.Values {
	return url.Values{"_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
	}}
}

// prepare creates the tables of a new file and refuses files that are not ours or from a newer program. It does so in
// one transaction: of two programs that create the same file one finds it made.
func (s *Store) prepare() error {
	return s.write(context.Background(), func(tx *sql.Tx) error {
		head, err := sqlitefile.ReadHead(tx)
		switch {
		case err != nil:
			return fault.New(fault.Corrupt, "read: %w: restore the file from a copy", err)
		case head.New():
			return format.Begin(tx)
		case head.Application != format.Application:
			return fault.New(fault.Mismatch, "is an SQLite file of another program: name another file")
		case head.Version > format.Version:
			return fault.New(fault.Mismatch, "has version %d, this program reads up to %d: use a newer hives",
				head.Version, format.Version)
		}
		return nil
	})
}

// Close frees the file, and after it the claims: who gets a claim finds every answer that was paid for under it.
func (s *Store) Close() error {
	defer s.release()
	return s.db.Close()
}

// write is the only way to change the file: it runs f in a transaction that holds the write lock from its beginning.
func (s *Store) write(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.wrap(err)
	}
	// Of an error in f nothing is kept: a file never holds half of a change.
	defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do
	if err := f(tx); err != nil {
		return s.wrap(err)
	}
	return s.wrap(tx.Commit())
}

// wrap names the file: a command may have two of them open, one of answers and one for a review.
func (s *Store) wrap(err error) error {
	switch {
	case err == nil:
		return nil
	// Only a context that has ended interrupts, or rolls a transaction back under its user.
	case errors.Is(err, sqlite3.INTERRUPT), errors.Is(err, sql.ErrTxDone):
		return fault.New(fault.Canceled, "votes %s: %w", s.path, err)
	// A full disk shows as either: of SQLite's log, or of the memory that its users share.
	case errors.Is(err, sqlite3.FULL), errors.Is(err, sqlite3.IOERR):
		return fault.New(fault.Exhausted, "votes %s: %w: the disk is full or failing: free space, and start again", s.path,
			err)
	}
	return fmt.Errorf("votes %s: %w", s.path, err)
}

// query collects what scan makes of each row. It reads outside a transaction, so it sees all that was written before
// it began.
func query[T any](
	ctx context.Context, s *Store, scan func(*sql.Rows) (T, error), text string, args ...any,
) ([]T, error) {
	rows, err := s.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, s.wrap(err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, s.wrap(err)
		}
		out = append(out, v)
	}
	return out, s.wrap(rows.Err())
}
