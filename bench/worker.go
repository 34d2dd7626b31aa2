package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// answer is what our sides say of a turn; reply reads it. Output is said once: it is compared before turns count.
type answer struct {
	Output   []float32 `json:"output,omitempty"`
	Amount   float64   `json:"amount,omitempty"`
	Resident float64   `json:"resident,omitempty"`
}

// workers are our sides by name.
var workers = map[string]func(context.Context, []string) error{
	"embed": embedWorker, "encode": encodeWorker, "evaluate": evaluateWorker, "import": importWorker, "llm": llmWorker,
	"pack": packWorker, "rank": rankWorker, "sample": sampleWorker, "search": searchWorker, "serve": serveWorker,
	"start": startWorker, "tokens": tokensWorker, "train": trainWorker,
}

// work runs one of our sides. Their arguments are those that the rows give them, and nobody else calls them.
func work(ctx context.Context, name string, args []string) error {
	do := workers[name]
	if do == nil {
		return fmt.Errorf("there is no worker %q", name)
	}
	return do(ctx, args)
}

// using is the engine of this worker, where it has one.
var using string

// serve says "ready" and the engine, and does the work for each line on stdin.
func serve[T any](do func(line string) (T, error)) error {
	fmt.Println("ready", using)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		a, err := do(lines.Text())
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

// turns is serve for work that takes no question.
func turns(do func() (answer, error)) error {
	said := false
	return serve(func(string) (answer, error) {
		a, err := do()
		if said {
			a.Output = nil
		}
		said = true
		return a, err
	})
}

// onEngine opens the engine for a worker, with as many threads as Go was given. The engine in pure Go is several times
// slower: it is measured where somebody asked for it, and not because a plugin is missing.
func onEngine(ctx context.Context, do func(*engine.Engine) error) error {
	e, err := engine.Open(ctx, engine.Options{})
	if err != nil {
		return err
	}
	defer e.Close()
	if e.Name == engine.Go && os.Getenv(engine.EnvVar) == "" {
		return fault.New(fault.NotFound, "%s; to measure the engine in pure Go set %s=go", e.Choice, engine.EnvVar)
	}
	if using = "engine " + string(e.Name); e.PJRTAPI != "" {
		using += ", PJRT " + e.PJRTAPI
	}
	return do(e)
}

// readLines takes a JSON value a line.
func readLines[T any](path string) (out []T, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for d := json.NewDecoder(f); d.More(); {
		var x T
		if err := d.Decode(&x); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, x)
	}
	return out, nil
}

func writeLines[T any](path string, lines []T) error {
	return fsutil.WriteFile(path, func(w io.Writer) error {
		out := json.NewEncoder(w)
		for _, x := range lines {
			if err := out.Encode(x); err != nil {
				return err
			}
		}
		return nil
	})
}
