// Package sqlitefile makes, marks and reads the SQLite files of this program: votes, the index of runs, value vectors
// and value intensities.
//
// Two numbers in SQLite's own header tell a file of ours from others, and its version, before any table is asked for.
// Without them a votes file that is named as value vectors would be refused with "no such table: about".
package sqlitefile

import (
	"cmp"
	"database/sql"
	"encoding/binary"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	_ "github.com/ncruces/go-sqlite3/driver" // registers "sqlite3"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/whatis"
)

// Kind is one kind of file.
type Kind struct {
	Name        string // before a file's path in errors: "vidb"
	Wanted      string // what Read was to be given, in its refusal of anything else
	Made        string // the command that makes such a file
	Application int    // application_id
	Version     int    // user_version
	Schema      string // statements that make the tables
}

// Head is what an open file says of itself.
type Head struct{ Application, Version, Tables int }

// ReadHead reads a file's two numbers and counts its tables: a file that is about to be filled has none of either.
func ReadHead(tx *sql.Tx) (h Head, err error) {
	err = tx.QueryRow(`SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM
		pragma_user_version), (SELECT count(*) FROM sqlite_schema)`).Scan(&h.Application, &h.Version, &h.Tables)
	return h, err
}

// New says whether nobody has written to the file.
func (h Head) New() bool { return h.Tables == 0 && h.Version == 0 }

// Begin makes the tables. The two numbers are part of the transaction: a file with tables always has them.
func (k Kind) Begin(tx *sql.Tx) error {
	_, err := tx.Exec(k.Schema +
		fmt.Sprintf("PRAGMA main.application_id = %d; PRAGMA main.user_version = %d;", k.Application, k.Version))
	return err
}

// Write puts a new file under path, whole or not at all. It is made where nobody else looks and never changed in place,
// so it needs neither a journal nor WAL's side files, and may lie on a read-only disk. A file that somebody has open is
// replaced, never written to. Equal rows in equal order give equal bytes.
func (k Kind) Write(path string, fill func(*sql.Tx) error) error {
	dir, done, err := fsutil.Scratch(k.Name + "-*")
	if err != nil {
		return err
	}
	defer done()
	made := filepath.Join(dir, "made.db")
	if err := k.Create(made, fill); err != nil {
		return fmt.Errorf("%s %s: %w", k.Name, path, err)
	}
	return fsutil.WriteFile(path, func(w io.Writer) error {
		in, err := os.Open(made)
		if err != nil {
			return err
		}
		defer in.Close()
		_, err = io.Copy(w, in)
		return err
	})
}

// Create fills a new file in one transaction. Without a journal a crash leaves a broken file: it is for folders where
// nobody looks.
func (k Kind) Create(path string, fill func(*sql.Tx) error) error {
	return within(path, url.Values{"mode": {"rwc"}, "_pragma": {"journal_mode(OFF)", "synchronous(OFF)"}},
		func(tx *sql.Tx) error {
			if err := k.Begin(tx); err != nil {
				return err
			}
			return fill(tx)
		})
}

// Read opens the file for one reading, after a look at what the path is. All tables are of one moment. An error of
// SQLite's own (no database, malformed, no such table) becomes Corrupt, with what to do.
func (k Kind) Read(path string, use func(*sql.Tx) error) error {
	if err := cmp.Or(whatis.NeedFile(path, k.Wanted), fsutil.CheckSQLite(path)); err != nil {
		return err
	}
	err := within(path, url.Values{"mode": {"ro"}}, use)
	if err == nil {
		return nil
	}
	if fault.Of(err) == fault.Unknown {
		err = fault.New(fault.Corrupt, "%w; restore a copy or build it again (%s)", err, k.Made)
	}
	if fault.Of(err) == fault.Corrupt {
		err = whatis.Instead(path, "an SQLite file", err)
	}
	return fmt.Errorf("%s %s: %w", k.Name, path, err)
}

// within opens a file, does something in one transaction and closes it.
func within(path string, settings url.Values, do func(*sql.Tx) error) error {
	db, err := Open(path, settings)
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do
	if err := do(tx); err != nil {
		return err
	}
	return cmp.Or(tx.Commit(), db.Close())
}

// Spare refuses a file of another program by its first bytes. SQLite is not asked: to open a file for writing in WAL is
// to change it, and a file that is refused must be as it was. What is no SQLite file, or not there, passes; so does one
// of ours that was killed before its tables came out of the log.
//
//	bytes 68–71      the application's number: another's is not 0 and not ours
//	bytes 103–104    tables of the first page: with some, and without a number, the file is a stranger's
func (k Kind) Spare(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return nil // whoever opens it says what is wrong
	}
	defer f.Close()
	head := make([]byte, 105)
	if _, err := io.ReadFull(f, head); err != nil || string(head[:16]) != "SQLite format 3\x00" {
		return nil
	}
	number, tables := binary.BigEndian.Uint32(head[68:]), binary.BigEndian.Uint16(head[103:])
	if int(number) != k.Application && (number != 0 || tables > 0) {
		return fault.New(fault.Mismatch, "is an SQLite file of another program: name another file")
	}
	return nil
}

// Open opens a file with the driver's settings, for one connection: SQLite has one writer, and waiting inside Go is
// cheaper than in the file.
func Open(path string, settings url.Values) (*sql.DB, error) {
	name, err := URL(path, settings)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", name)
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// URL names a file for SQLite. The path goes in as a URL's, so that a question mark in it begins no settings.
//
//	/data/a?b.db, mode=ro     file:///data/a%3Fb.db?mode=ro
func URL(path string, settings url.Values) (string, error) {
	abs, err := filepath.Abs(path)
	return (&url.URL{Scheme: "file", Path: abs, RawQuery: settings.Encode()}).String(), err
}

// Each calls take for every row of a query, and ends with its first error. A query may end early with an error of the
// file's, which only Err tells.
func Each(tx *sql.Tx, query string, take func(*sql.Rows) error) error {
	rows, err := tx.Query(query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Insert writes a row for each of a list, but where columns gives none.
func Insert[T any](tx *sql.Tx, insert string, list []T, columns func(T) []any) error {
	stmt, err := tx.Prepare(insert)
	if err != nil {
		return err
	}
	defer stmt.Close()
	for _, one := range list {
		if row := columns(one); row != nil {
			if _, err := stmt.Exec(row...); err != nil {
				return err
			}
		}
	}
	return nil
}
