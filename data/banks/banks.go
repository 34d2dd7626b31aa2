package banks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"hives/data"
	"hives/data/anchors"
	"hives/data/inventory"
	"hives/data/theories"
	"hives/internal/fault"
)

// Options name the files of the banks.
type Options struct {
	Individual string // empty: the plain-language inventory as it is built in
	Theory     string // made by hives anchors build

	// Theories are those whose nodes the anchors stand for; the zero Set is the built-in four.
	Theories theories.Set
}

// Bank is one bank, ready for training. With the ids 0, 2, 5 in its file, IDs is [0 2 5], K is 3, and a row that
// names id 5 gets position 2.
//
// Invariant: IDs ascend, and position i of every slice is the sentence of IDs[i].
type Bank struct {
	Name      string   `json:"bank"` // anchors.Individual or anchors.Theory
	File      string   `json:"file"` // empty for the built-in inventory
	IDs       []int32  `json:"-"`    // [K] the stable id at each position, ascending
	Sentences []string `json:"-"`    // [K]
	Size      int      `json:"sentences"`
	SHA256    string   `json:"sha256"` // of ids and sentences

	// What the bank records of its making; empty where it does not.
	Weights    string `json:"weights_sha256,omitempty"` // of the embedder
	RowsSHA256 string `json:"rows_sha256,omitempty"`    // of the file that it was fitted on

	at        map[int32]int
	exemplars map[string]int32 // text_id → id
}

// Banks are the two of Stage 2.
type Banks struct {
	Individual *Bank `json:"individual"`
	Theory     *Bank `json:"theory"`
}

// Load opens both banks.
func Load(o Options) (*Banks, error) {
	individual, err := open(o.Individual, anchors.Individual, o.Theories)
	if err != nil {
		return nil, err
	}
	if o.Theory == "" {
		return nil, fault.New(fault.Invalid, "banks: no file for the theory bank; make one with hives anchors build")
	}
	theory, err := open(o.Theory, anchors.Theory, o.Theories)
	if err != nil {
		return nil, err
	}
	return &Banks{Individual: individual, Theory: theory}, nil
}

// open reads a bank and hashes what training sees of it: ids and sentences, quoted so that no two banks write the
// same bytes. Centres, counts and who wrote a sentence are not part of it.
func open(file, name string, known theories.Set) (*Bank, error) {
	// Without a file the built-in inventory stands; asked for a theory bank it is refused like any other wrong
	// one.
	content := inventory.Bank()
	if file != "" {
		var err error
		if content, err = anchors.Read(file, known); err != nil {
			return nil, err
		}
	}
	if is := content.Anchors[0].Bank; is != name {
		return nil, fault.New(fault.Mismatch, "%s: holds the %s bank, the %s bank is wanted", file, is, name)
	}
	b := &Bank{
		Name: name, File: file, Sentences: content.Texts(), Size: len(content.Anchors),
		Weights: content.Meta[anchors.MetaWeights], RowsSHA256: content.Meta[anchors.MetaRows],
		at: content.Positions(), exemplars: map[string]int32{},
	}
	version := sha256.New()
	for _, a := range content.Anchors {
		b.IDs = append(b.IDs, a.ID)
		fmt.Fprintf(version, "%d\t%q\n", a.ID, a.Text)
		for _, text := range a.Exemplars {
			b.exemplars[text] = a.ID
		}
	}
	b.SHA256 = hex.EncodeToString(version.Sum(nil))
	return b, nil
}

// String names the bank in messages.
func (b *Bank) String() string {
	if b.File == "" {
		return "the inventory of version " + strconv.Itoa(inventory.Version)
	}
	return b.File
}

// Assigned is the positions of N rows' anchors in the two banks.
type Assigned struct {
	Individual []int32 // [N] 0 to K−1, −1 where none is assigned
	Theory     []int32 // [N]
}

// Assigned finds the rows' anchors, and refuses a row that names one which its bank lacks. file is for the
// message. Rows are numbered as they stand in rows; leave none out before this call, or messages name others.
func (b *Banks) Assigned(file string, rows []data.Row) (Assigned, error) {
	a := Assigned{make([]int32, len(rows)), make([]int32, len(rows))}
	for i := range rows {
		var err error
		if a.Individual[i], err = b.Individual.position(file, i, rows[i].IndividualAnchor); err != nil {
			return Assigned{}, err
		}
		if a.Theory[i], err = b.Theory.position(file, i, rows[i].TheoryAnchor); err != nil {
			return Assigned{}, err
		}
	}
	return a, nil
}

// remedies say how rows get the ids of a bank.
var remedies = map[string]string{
	anchors.Individual: "hives theories inventory assign",
	anchors.Theory:     "hives anchors assign",
}

// position is the place of a row's anchor, data.NoAnchor for none. row counts from 0, the message from 1.
func (b *Bank) position(file string, row int, id int32) (int32, error) {
	if id == data.NoAnchor {
		return data.NoAnchor, nil
	}
	at, ok := b.at[id]
	if !ok {
		return 0, fault.New(fault.Mismatch, "%s: row %d names the %s anchor %d, but %s has %d anchors, ids %d to %d; "+
			"assign the rows to this bank with %s",
			file, row+1, b.Name, id, b, b.Size, b.IDs[0], b.IDs[b.Size-1], remedies[b.Name])
	}
	return int32(at), nil
}
