// Command minilm embeds the same texts again and again on demand, for minilm.py, which sets it beside other programs.
// It is a measurement, not a part of HiVES.
//
//	minilm MODEL texts.jsonl vectors.f32
//
// It loads the model, embeds all texts once (which compiles), writes their vectors as little-endian float32 and a line
// "ready"; then each line on stdin makes it embed them once more and answer with the seconds that took.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/engine"
)

// Three arguments and no flags: only minilm.py calls it.
func main() {
	// A wrong call ends with 2, as everywhere.
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "minilm: give a model folder, a file of texts and a file for vectors")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "minilm:", err)
		os.Exit(1)
	}
}

// The other program asks over standard input, so that turns of three programs alternate and none runs beside
// another.
func run(model, texts, vectors string) error {
	ctx := context.Background()
	inputs, err := read(texts)
	if err != nil {
		return err
	}
	e, err := engine.Open(ctx, engine.Options{})
	if err != nil {
		return err
	}
	defer e.Close()
	fmt.Fprintln(os.Stderr, "minilm:", e.Choice)
	// f32 and the folder's own length and pooling, as the peers have them.
	l, err := local.Open(model, e.Backend, string(e.Name), local.Options{})
	if err != nil {
		return err
	}
	defer l.Close()
	// Once before anything is timed: shapes are compiled when they are first met.
	first, _, err := l.Encode(ctx, inputs)
	if err != nil {
		return err
	}
	if err := write(vectors, first); err != nil {
		return err
	}
	// The peer waits for this word: compiling is over.
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		began := time.Now()
		if _, _, err := l.Encode(ctx, inputs); err != nil {
			return err
		}
		fmt.Println(time.Since(began).Seconds())
	}
	return nil
}

// read takes one JSON string a line: a text may hold line breaks.
func read(path string) (inputs []encoder.Input, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for d := json.NewDecoder(f); ; {
		var in encoder.Input
		if err := d.Decode(&in.Text); err == io.EOF {
			return inputs, nil
		} else if err != nil {
			return nil, err
		}
		inputs = append(inputs, in)
	}
}

// write leaves the vectors [N, H] row by row, for the peer to compare its own with.
func write(path string, vectors [][]float32) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for _, v := range vectors {
		// Without a header: NumPy's fromfile reads it with the number of columns given.
		if err := binary.Write(f, binary.LittleEndian, v); err != nil {
			f.Close()
			return err
		}
	}
	return f.Close()
}
