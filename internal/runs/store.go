package runs

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/sqlitefile"
)

// busyTimeout is how long a command waits for another that writes.
const busyTimeout = 10 * time.Second

// File is the index's usual name, in the folder that holds the runs.
const File = "runs.db"

//go:embed schema.sql
var schema string

// format is what an index is.
var format = sqlitefile.Kind{Name: "runs", Application: 0x48695652, Version: 1, Schema: schema} // "HiVR"

// Index is an open file. Whoever opens it owes Close. It may be used by several goroutines, one after another:
// there is one connection.
type Index struct {
	db   *sql.DB // one connection: SQLite has one writer
	path string
}

// Open opens the index at path and creates it where there is none. Waiting for a lock comes first: two commands that
// start at once both want to make the file.
//
// Kinds of error: NotFound (no such folder), Invalid (no regular file), Mismatch (another program's file, or a
// newer schema).
func Open(ctx context.Context, path string) (*Index, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if stat, err := os.Stat(filepath.Dir(abs)); err != nil || !stat.IsDir() {
		return nil, fault.New(fault.NotFound, "index of runs %s: its folder does not exist", path)
	}
	if err := fsutil.CheckSQLite(abs); err != nil {
		return nil, fault.New(fault.Of(err), "index of runs: %w with --db", err)
	}
	if err := format.Spare(abs); err != nil {
		return nil, fmt.Errorf("index of runs %s: %w", path, err)
	}
	db, err := sqlitefile.Open(abs, url.Values{"_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()), // first, since the change to WAL needs a lock
		"journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(ON)", // a lost transaction is read again
	}})
	if err != nil {
		return nil, err
	}
	x := &Index{db: db, path: path}
	if err := x.write(ctx, x.prepare); err != nil {
		db.Close()
		return nil, err
	}
	return x, nil
}

// prepare fills a new file and refuses those that are not ours or of a newer program. A file of an older schema
// would be brought up to date here; there has been one schema so far.
//
//	tables 0, version 0             a new file: the schema goes in
//	application_id is another       Mismatch: somebody else's file is left as it is
//	version above ours              Mismatch: a newer program wrote it
//	else                            ours
func (x *Index) prepare(tx *sql.Tx) error {
	head, err := sqlitefile.ReadHead(tx)
	switch {
	case err != nil:
		return err
	case head.New():
		return format.Begin(tx)
	case head.Application != format.Application:
		return fault.New(fault.Mismatch, "is an SQLite file of another program: name another with --db")
	case head.Version > format.Version:
		return fault.New(fault.Mismatch, "has schema %d, this build reads up to %d: use a newer build, or remove "+
			"the file, which holds nothing of its own", head.Version, format.Version)
	}
	return nil
}

// write runs a transaction and names the file in its error. Nobody loses anything by a failed transaction: the next
// look reads the same again.
// Transactions are immediate: two that both read and then write would else end with one of them refused.
func (x *Index) write(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := x.db.BeginTx(ctx, nil)
	if err == nil {
		defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do
		if err = do(tx); err == nil {
			err = tx.Commit()
		}
	}
	if err != nil {
		kind := fault.Of(err)
		if kind == 0 {
			return fmt.Errorf("index of runs %s: %w; name another with --db, or remove it: it holds nothing that "+
				"the run folders do not", x.path, err)
		}
		return fault.New(kind, "index of runs %s: %w", x.path, err)
	}
	return nil
}

// Close ends the use of the file. The last to close it also folds the -wal file back in.
func (x *Index) Close() error { return x.db.Close() }
