package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"hives/data"
	"hives/internal/cli"
)

// asHives makes the test's own binary the program hives.
const asHives = "HIVES_TEST_AS_HIVES"

func TestMain(m *testing.M) {
	if os.Getenv(asHives) != "" {
		cli.Main(cli.Command(newRoot()))
	}
	os.Exit(m.Run())
}

// stalled is a folder of inputs that never end, and a server that never answers: whatever command reaches for one is
// in the middle of its work from then on.
type stalled struct {
	dir     string
	reached chan string // hears of an input once a command has it open
	address string
}

func newStalled(t *testing.T) *stalled {
	s := &stalled{dir: t.TempDir(), reached: make(chan string, 100)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s.address = l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			s.reached <- "server"
		}
	}()
	s.write(t, "lines.jsonl", `{"text": "I owe her the truth."}`+"\n")
	var panel strings.Builder
	fmt.Fprintf(&panel, "[[endpoints]]\nname = \"here\"\nbase_url = \"http://%s/v1\"\n", s.address)
	for voter := range 3 {
		fmt.Fprintf(&panel, "[[voters]]\nname = \"v%d\"\nendpoint = \"here\"\nmodel = \"m\"\nprompt = \"plain.v1\"\n", voter)
	}
	s.write(t, "panel.toml", panel.String())
	row := data.Row{Text: "I owe her the truth.", Theory: "duty", Level1: "fidelity", Direction: 1, IndividualAnchor: -1,
		TheoryAnchor: -1}
	if err := data.Write(filepath.Join(s.dir, "rows.parquet"), []data.Row{row}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stalled) write(t *testing.T, name, text string) {
	if err := os.MkdirAll(filepath.Dir(filepath.Join(s.dir, name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// endless is a standard input that begins with some text and never ends. It is reached once more of it is read than a
// pipe holds.
func (s *stalled) endless(t *testing.T, text string) *os.File {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	go func() {
		if _, err := fmt.Fprint(w, text, strings.Repeat("\n", 1<<18)); err == nil {
			s.reached <- "standard input"
		}
	}()
	return r
}

// files are the names in the folder and below.
func (s *stalled) files() (names []string) {
	filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		names = append(names, strings.TrimPrefix(path, s.dir))
		return err
	})
	return names
}

const csvHead = "text,theory,level_1,level_2,level_3,direction\n" + "I owe her the truth.,duty,fidelity,,,1\n"

// oldVectors is a file of value vectors of version 1.
var oldVectors, _ = filepath.Abs("../../values/testdata/version1.db")

// TestFirstSignalStopsEveryCommand stops each command that walks data while an input or a server keeps it waiting:
// with the code of its kind, a word that says why, and no file that was not there before but where it may go on.
func TestFirstSignalStopsEveryCommand(t *testing.T) {
	for i, c := range []struct {
		name, line string
		stdin      string
		goesOn     bool
	}{
		{"merge", "data merge - --out out.parquet", csvHead, false},
		{"merge by name", "data merge --in rows.parquet --in - --out out.csv", csvHead, false},
		{"stats", "data stats - --html out.html", csvHead, false},
		{"card", "data card - --out card.md", csvHead, false},
		{"split", "data split --in - --out parts", csvHead, false},
		{"embed", "embed --endpoint http://SERVER/v1 --endpoint-model m --in lines.jsonl --out out.npy", "", false},
		{"embed-corpus", "embed-corpus --endpoint grpc://SERVER --in rows.parquet --out vectors", "", true},
		{"evaluate", "evaluate --endpoint http://SERVER/v1 --endpoint-model m --data - --engine go --out eval",
			csvHead, false},
		{"vectors build", "vectors build --endpoint http://SERVER/v1 --endpoint-model m --data rows.parquet --out values.db",
			"", false},
		{"vectors evaluate", "vectors evaluate --vectors VECTORS --endpoint http://SERVER/v1 --endpoint-model m --data " +
			"rows.parquet", "", false},
		{"anchors build", "anchors build --endpoint http://SERVER/v1 --endpoint-model m --rows rows.parquet --k 1 --out " +
			"bank.parquet", "", false},
		{"anchors assign", "anchors assign --endpoint grpc://SERVER --anchors rows.parquet --in rows.parquet --out " +
			"out.parquet", "", false},
		{"inventory assign", "theories inventory assign --endpoint http://SERVER/v1 --endpoint-model m --in - --out out.csv",
			csvHead, false},
		{"label", "label --config panel.toml --in lines.jsonl --theory mft --out out.parquet --db votes.db", "", true},
		{"download", "download owner/name --out model", "", true},
		{"ask", "ask --endpoint grpc://SERVER text", "", false},
	} {
		signals := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}
		for _, sig := range signals[:1+i%2] { // each pair takes the grace's second twice
			t.Run(fmt.Sprintf("%s, %v", c.name, sig), func(t *testing.T) {
				t.Parallel()
				s := newStalled(t)
				var stdin *os.File
				if c.stdin != "" {
					stdin = s.endless(t, c.stdin)
				}
				s.stop(t, strings.Fields(strings.NewReplacer("SERVER", s.address, "VECTORS", oldVectors).Replace(c.line)), stdin,
					sig, c.goesOn)
			})
		}
	}
}

// TestPipesAreRefused: no command can be kept waiting by a pipe in a file's place. It is refused by name, though nobody
// ever writes to it.
func TestPipesAreRefused(t *testing.T) {
	for _, c := range []struct{ name, line, pipe string }{
		{"settings of an experiment", "report experiment --config e.toml", "e.toml"},
		{"a model's config", "export --model model --out out", "model/config.json"},
		{"a corpus", "import denevil --in corpus --out out.parquet", "corpus/pipe.csv"},
		{"rows", "data stats rows.csv", "rows.csv"},
		{"rows of a report", "report demo --engine go --before b --after a --control c --data rows.csv --out report",
			"rows.csv"},
		{"rows to learn from", "anchors build --endpoint http://SERVER/v1 --endpoint-model m --rows rows.csv --out " +
			"bank.parquet", "rows.csv"},
		{"weights of a base", "merge --base base --adapter adapter --out out", "base/model.safetensors"},
		{"vectors of values", "vectors show v.db", "v.db"},
		{"votes", "label --config panel.toml --in lines.jsonl --theory mft --out out.parquet --db v.db", "v.db"},
		{"the index of runs", "runs list --db r.db .", "r.db"},
		{"a corpus to embed", "embed-corpus --endpoint grpc://SERVER --in p.parquet --out vectors", "p.parquet"},
		{"what is written", "data merge rows.parquet --out out.csv", "out.csv"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStalled(t)
			path := filepath.Join(s.dir, c.pipe)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Mkfifo(path, 0o644); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(os.Args[0], strings.Fields(strings.ReplaceAll(c.line, "SERVER", s.address))...)
			cmd.Dir, cmd.Env = s.dir, append(os.Environ(), asHives+"=1")
			said, err := cmd.CombinedOutput() // go test's own limit ends a wait in vain
			if err == nil || !strings.Contains(string(said), filepath.Base(c.pipe)) || !strings.Contains(string(said), "pipe") {
				t.Errorf("%v: %s", err, said)
			}
		})
	}
}

func (s *stalled) stop(t *testing.T, args []string, stdin *os.File, sig syscall.Signal, goesOn bool) {
	before := s.files()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = s.dir
	if stdin != nil {
		cmd.Stdin = stdin
	}
	cmd.Env = append(os.Environ(), asHives+"=1", "TMPDIR="+s.dir, "HF_ENDPOINT=http://"+s.address, "HF_HOME="+s.dir)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		t.Fatalf("ended before the signal: %v: %s", err, &said)
	case <-s.reached:
	}
	cmd.Process.Signal(sig)
	<-ended // go test's own limit ends a wait in vain
	code, want, word := cmd.ProcessState.ExitCode(), 128+int(sig), "stopped by "
	if goesOn {
		want, word = 75, "go on with: "+os.Args[0]+" "+args[0]
	}
	if code != want || !strings.Contains(said.String(), word) {
		t.Errorf("exit code %d, want %d and %q: %s", code, want, word, &said)
	}
	if after := s.files(); !goesOn && !slices.Equal(before, after) {
		t.Errorf("before\n%s\nafter\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
}
