package sqlitefile

import (
	"bytes"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"hives/internal/fault"
)

var sample = Kind{Name: "sample", Wanted: "a sample", Made: "sampling", Application: 7, Version: 3,
	Schema: "CREATE TABLE words (word TEXT NOT NULL);"}

func put(word string) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO words VALUES (?)`, word)
		return err
	}
}

// A file is written whole, also under a name that would be settings to SQLite. One that cannot be filled leaves the
// old one.
func TestWriteIsWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a?mode=memory&b.db")
	if err := sample.Write(path, put("first")); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	no := errors.New("no")
	err = sample.Write(path, func(tx *sql.Tx) error { return errors.Join(put("second")(tx), no) })
	if after, _ := os.ReadFile(path); !errors.Is(err, no) || !bytes.Equal(before, after) {
		t.Errorf("%v, and the file changed: %v", err, !bytes.Equal(before, after))
	}
	var word string
	err = sample.Read(path, func(tx *sql.Tx) error {
		if h, err := ReadHead(tx); err != nil || h != (Head{7, 3, 1}) || h.New() {
			t.Errorf("%+v, %v", h, err)
		}
		return tx.QueryRow(`SELECT word FROM words`).Scan(&word)
	})
	if err != nil || word != "first" {
		t.Errorf("%q, %v", word, err)
	}
	if names, _ := os.ReadDir(filepath.Dir(path)); len(names) != 1 {
		t.Errorf("beside the file: %v", names)
	}
}

// What SQLite itself says of a broken file has no kind; the reader gets one, and what to do.
func TestReadingAnotherFileIsCorrupt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "torn.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("torn "), 400), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sample.Read(path, put("x")); fault.Of(err) != fault.Corrupt {
		t.Errorf("%v", err)
	}
}

// A stranger's file is refused before SQLite touches it: its bytes stay. A new file, one of ours, and one that was
// killed while it was made are nobody else's. Control: opened for writing in WAL, the stranger's bytes change.
func TestAStrangersFileIsSpared(t *testing.T) {
	dir := t.TempDir()
	make := func(name string, statements ...string) string {
		path := filepath.Join(dir, name)
		db, err := Open(path, url.Values{"_pragma": {"journal_mode(DELETE)"}})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, s := range statements {
			if _, err := db.Exec(s); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	const table = "CREATE TABLE words (word TEXT)"
	for _, c := range []struct {
		path    string
		refused bool
	}{
		{make("stranger", table), true},
		{make("numbered", "PRAGMA application_id = 8", table), true},
		{make("ours", "PRAGMA application_id = 7", table), false},
		{make("killed", "PRAGMA journal_mode = WAL"), false},
		{filepath.Join(dir, "new"), false},
	} {
		if err := sample.Spare(c.path); (fault.Of(err) == fault.Mismatch) != c.refused {
			t.Errorf("%s: %v", c.path, err)
		}
	}
	path := filepath.Join(dir, "stranger")
	before, _ := os.ReadFile(path)
	db, err := Open(path, url.Values{"_pragma": {"journal_mode(WAL)"}})
	if err == nil {
		err = db.Ping()
		db.Close()
	}
	if after, _ := os.ReadFile(path); err != nil || bytes.Equal(before, after) {
		t.Errorf("control: opening for WAL changes nothing (%v)", err)
	}
}
