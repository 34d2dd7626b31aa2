// Command encodetexts answers each text with its ids, for comparisons with other tokenizers.
//
//	go run ./scripts/encodetexts tokenizer.json < texts.jsonl > ids.jsonl
//
// A line in is a JSON string; a line out is {"ids": …, "framed": …, "places": …}: ids of the text alone, ids between
// the tokens that the file puts around a text (a WordPiece only), and the bytes that each of ids was made from, null
// where that cannot be told. The seconds that encoding took, on one thread and without places, go to stderr as a
// number.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"hives/tokenizer"
)

// answer is a line out.
type answer struct {
	IDs    []int32  `json:"ids"`
	Framed []int32  `json:"framed"`
	Places [][2]int `json:"places"`
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "encodetexts:", err)
		os.Exit(1)
	}
}

// run encodes all texts, times that alone, and then writes. Reading and writing are not part of the seconds.
func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("give a tokenizer.json")
	}
	tok, err := tokenizer.Open(args[0])
	if err != nil {
		return err
	}
	texts, err := read(in)
	if err != nil {
		return err
	}
	answers := make([]answer, len(texts))
	began := time.Now()
	for i, text := range texts {
		if answers[i].IDs, err = tok.Encode(nil, text); err != nil {
			return fmt.Errorf("text %d: %w", i, err)
		}
	}
	fmt.Fprintln(os.Stderr, time.Since(began).Seconds())
	return write(out, tok, texts, answers)
}

// read takes a JSON string a line. A text that is not valid JSON ends the program with its line.
func read(in io.Reader) (texts []string, err error) {
	for d := json.NewDecoder(bufio.NewReader(in)); ; {
		var text string
		if err := d.Decode(&text); err == io.EOF {
			return texts, nil
		} else if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(texts)+1, err)
		}
		texts = append(texts, text)
	}
}

// write adds what only comparisons ask for. A tokenizer without a frame leaves framed out; one that cannot tell
// places leaves null.
func write(out io.Writer, tok tokenizer.Tokenizer, texts []string, answers []answer) error {
	framed, unframed := tokenizer.NewFramed(tok, 1<<30, "") // a BPE may lack the default end token
	placer, _ := tok.(tokenizer.Placer)
	buffered := bufio.NewWriter(out)
	e := json.NewEncoder(buffered)
	for i, a := range answers {
		if unframed == nil {
			var err error
			if a.Framed, _, err = framed.Encode(texts[i]); err != nil {
				return err
			}
		}
		if placer != nil {
			a.Places = placer.Places(texts[i])
		}
		if err := e.Encode(a); err != nil {
			return err
		}
	}
	return buffered.Flush()
}
