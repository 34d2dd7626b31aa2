package judge

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
)

func openAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestOneStoreAsksForARun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "votes.db")
	first, second := openAt(t, path), openAt(t, path)
	must(t, first.Claim("r"))
	must(t, first.Claim("r"))
	err := second.Claim("r")
	if fault.Of(err) != fault.Exists || !strings.Contains(err.Error(), path) ||
		!strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid())) {
		t.Errorf("the same run beside it: %v", err)
	}
	must(t, second.Claim("another run"))
	first.Close()
	must(t, second.Claim("r"))
	second.Close()
	if left, _ := filepath.Glob(path + "*.lock"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// claimantDB tells the child process of TestKilledClaimIsFree which file to claim a run of.
const claimantDB = "HIVES_JUDGE_TEST_CLAIM"

func TestKilledClaimIsFree(t *testing.T) {
	if path := os.Getenv(claimantDB); path != "" {
		must(t, openAt(t, path).Claim("r"))
		fmt.Println("held")
		select {} // until the parent kills it
	}
	path := filepath.Join(t.TempDir(), "votes.db")
	child := exec.Command(os.Args[0], "-test.run=^TestKilledClaimIsFree$", "-test.timeout=30s")
	child.Env = append(os.Environ(), claimantDB+"="+path)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	s := openAt(t, path)
	if err := s.Claim("r"); fault.Of(err) != fault.Exists ||
		!strings.Contains(err.Error(), fmt.Sprint("process ", child.Process.Pid)) {
		t.Errorf("beside the child: %v", err)
	}
	must(t, child.Process.Kill())
	child.Wait() //nolint:errcheck // it was killed
	if err := s.Claim("r"); err != nil {
		t.Errorf("after the kill: %v", err)
	}
}

// Where locks do not work, the second of two answers says who is in the way, in no words of SQLite.
func TestSecondAnswerNamesTheCause(t *testing.T) {
	s, v := openTest(t)
	must(t, s.PutVote(context.Background(), v))
	v.Raw = "another answer"
	err := s.PutVote(context.Background(), v)
	if fault.Of(err) != fault.Exists || !strings.Contains(err.Error(), s.path) ||
		!strings.Contains(err.Error(), "another program") || strings.Contains(err.Error(), "constraint") {
		t.Errorf("%v", err)
	}
	got, err := s.Attempts(context.Background(), v.Run, v.Prompt, v.Item, v.Voter)
	must(t, err)
	if len(got) != 1 || got[0].Raw == v.Raw {
		t.Errorf("stored %+v, want the first answer", got)
	}
}
