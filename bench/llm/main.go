// Command llm writes and scores with a language model on demand, for beside_llamacpp.py, which sets its speed beside
// llama.cpp, and for scripts/roundtrip, which holds its numbers to transformers. It is a measurement, not a part of
// HiVES.
//
//	llm [--rows B] [--precision f32] [--threads N] MODEL
//
// It loads the model, prints "ready", and answers each line of stdin, a request as JSON, with a line of JSON.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"hives/internal/engine"
	"hives/model/lm"
	"hives/model/transformer"
)

// request is one line in. With From it asks for the log-probabilities of each row from its place on; without, for the
// most probable Tokens behind each prompt. Prompts of one request share a bucket (lm.Bucket) and fit the batch.
type request struct {
	Prompts [][]int32 `json:"prompts"`
	From    []int     `json:"from"`
	Tokens  int       `json:"tokens"`
	Logits  string    `json:"logits"` // file for the first and the last logits of each prompt, [2][rows][V] float32
}

// reply is one line out. Took has one entry for reading the prompts or scoring, and one for all the tokens behind them.
type reply struct {
	IDs    [][]int32   `json:"ids,omitempty"`
	Scores [][]float64 `json:"scores,omitempty"`
	Took   []took      `json:"took"`
}

// took is what a piece of work cost, in seconds.
type took struct {
	Wall      float64 `json:"wall"`
	Processor float64 `json:"processor"` // of all threads
}

func main() {
	rows := flag.Int("rows", 8, "rows of a batch")
	precision := flag.String("precision", "f32", "f32, mixed or bf16")
	threads := flag.Int("threads", 0, "threads of one computation, 0 for one a core")
	flag.Parse()
	if err := run(flag.Arg(0), *rows, *precision, *threads); err != nil {
		fmt.Fprintln(os.Stderr, "llm:", err)
		os.Exit(1)
	}
}

func run(dir string, rows int, precision string, threads int) error {
	e, err := engine.Open(context.Background(), engine.Options{Threads: threads})
	if err != nil {
		return err
	}
	defer e.Close()
	arith, err := transformer.ParseArithmetic(precision)
	if err != nil {
		return err
	}
	m, err := lm.Load(e.Backend, dir, arith.Operand)
	if err != nil {
		return err
	}
	defer m.Close()
	r, err := lm.NewRunner(m, lm.Options{Backend: e.Backend, Arith: arith, Rows: rows})
	if err != nil {
		return err
	}
	defer r.Close()
	fmt.Fprintln(os.Stderr, "llm:", e.Choice)
	fmt.Println("ready")
	return answerAll(r)
}

func answerAll(r *lm.Runner) error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var q request
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return err
		}
		a, err := answer(r, q)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

func answer(r *lm.Runner, q request) (a reply, err error) {
	if q.From != nil {
		t, err := timed(func() error { a.Scores, err = r.Score(q.Prompts, q.From, nil); return err })
		a.Took = []took{t}
		return a, err
	}
	var first, logits [][]float32
	read, err := timed(func() error { first, err = r.Begin(q.Prompts, q.Tokens, nil); return err })
	if err != nil {
		return a, err
	}
	logits, a.IDs = first, make([][]int32, len(first))
	written, err := timed(func() error {
		for n := range q.Tokens {
			if n > 0 { // the first token was known when the prompts were read
				if logits, err = r.Next(last(a.IDs)); err != nil {
					return err
				}
			}
			for row := range a.IDs {
				a.IDs[row] = append(a.IDs[row], highest(logits[row]))
			}
		}
		return nil
	})
	a.Took = []took{read, written}
	if err == nil && q.Logits != "" {
		err = write(q.Logits, append(first, logits...))
	}
	return a, err
}

// last is the newest token of each row.
func last(ids [][]int32) []int32 {
	out := make([]int32, len(ids))
	for row := range ids {
		out[row] = ids[row][len(ids[row])-1]
	}
	return out
}

// highest is the most probable id, the lowest among equals.
func highest(logits []float32) (id int32) {
	for at, x := range logits {
		if x > logits[id] {
			id = int32(at)
		}
	}
	return id
}

func timed(do func() error) (took, error) {
	began, before := time.Now(), processor()
	err := do()
	return took{time.Since(began).Seconds(), processor() - before}, err
}

// processor is the time in seconds that this process has had on processors, all threads together.
func processor() float64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err) // the clock is every Linux's
	}
	return float64(t.Nano()) / float64(time.Second)
}

func write(path string, rows [][]float32) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := binary.Write(f, binary.LittleEndian, row); err != nil {
			f.Close()
			return err
		}
	}
	return f.Close()
}
