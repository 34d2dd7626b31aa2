package card

import (
	"encoding/json"
	"os"
	"path/filepath"

	"hives/data"
	"hives/data/corpora"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/whatis"
)

// Card describes one file of rows. It holds counts, names and hashes only, so that it may be shared where the
// rows may not.
type Card struct {
	Format      int                `json:"format"` // of this object: 1
	File        string             `json:"file"`   // its name without the folder
	Bytes       int64              `json:"bytes"`
	SHA256      string             `json:"sha256"` // of the file
	Digest      string             `json:"digest"` // of its rows in any order, see data.Digest
	Rows        int                `json:"rows"`
	Texts       int                `json:"texts"`
	Groups      int                `json:"groups"`
	Corpora     []Corpus           `json:"corpora"`
	Theories    []Theory           `json:"theories"`
	Directions  []Direction        `json:"directions"`
	Licences    []Licence          `json:"licences"`
	Obligations []Obligation       `json:"obligations"` // of the file as a whole
	Warnings    []string           `json:"warnings"`
	Imports     []*corpora.Summary `json:"imports"` // what importers left out, as far as it was handed in
	Bad         int                `json:"bad_rows_skipped"`
}

// Corpus is the share of one corpus. Its digest is that of its rows alone: the same corpus in another merge has the
// same one. Texts of two corpora do not add up to the card's: a text may stand in both.
type Corpus struct {
	corpora.Source        // empty but for the name where the project does not know the corpus
	Known          bool   `json:"known"`
	Rows           int    `json:"rows"`
	Texts          int    `json:"texts"`
	Digest         string `json:"digest"`
}

// Theory is the share of one theory. Values counts nodes that rows end at; care/harm and caring are two. A theory of
// one's own stands here like the four, where the card was made with its file.
//
//	rows at care/harm 6,000, at care/harm/caring 548     Rows 6548, Values 2
type Theory struct {
	Theory string `json:"theory"`
	Rows   int    `json:"rows"`
	Values int    `json:"values"` // different nodes that rows end at
}

// Direction is the rows of one corpus and theory that point one way by one kind of judge.
//
//	mfrc, mft, 0, none, 3194     nobody judged which way these texts point
type Direction struct {
	Corpus    string `json:"corpus"`
	Theory    string `json:"theory"`
	Direction int32  `json:"direction"`
	Source    string `json:"direction_source"`
	Rows      int    `json:"rows"`
}

// Licence is the rows under one licence and what it asks for; whoever passes the file on owes all of what its licences
// ask together (Card.Obligations). It is the rows' own word: an importer wrote it there when the corpus was read.
type Licence struct {
	Name        string       `json:"name"`
	Rows        int          `json:"rows"`
	Corpora     []string     `json:"corpora"`
	Obligations []Obligation `json:"obligations"`
}

// Describe reads a file of rows; o says of which theories, and whether bad rows are counted or refused. imports are the
// accounts of the imports that made it, if they were kept. The file is read twice, once for its rows and once for its
// hash. An import that is of none of the file's corpora is printed all the same: who handed it in may know of a merge
// that the rows do not show.
func Describe(path string, o data.ReadOptions, imports []*corpora.Summary) (*Card, error) {
	t := newTally(o.Theories)
	defer t.close()
	bad, err := data.Scan(path, o, t.add)
	if err != nil {
		return nil, err
	}
	c := &Card{Format: 1, File: filepath.Base(path), Rows: t.rows, Digest: t.digest.String(), Bad: len(bad),
		Imports: imports}
	if c.Imports == nil {
		c.Imports = []*corpora.Summary{}
	}
	// Size and hash are of the file as it lies there; digest and counts of its rows.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	c.Bytes = info.Size()
	if c.SHA256, err = fsutil.SHA256(path); err != nil {
		return nil, err
	}
	if c.Texts, err = t.texts.Count(); err != nil {
		return nil, err
	}
	if c.Groups, err = t.groups.Count(); err != nil {
		return nil, err
	}
	if c.Corpora, err = t.corporaList(); err != nil {
		return nil, err
	}
	c.Theories, c.Directions, c.Licences = t.theoryList(), t.directionList(), t.licenceList()
	c.Obligations, c.Warnings = together(c.Licences), warnings(c.Licences)
	return c, nil
}

// ReadImports reads accounts that hives import --json printed; what an importer dropped is nowhere in the rows
// themselves. An account without a corpus is refused: any JSON object would otherwise pass as one that left nothing
// out.
func ReadImports(paths []string) ([]*corpora.Summary, error) {
	var out []*corpora.Summary
	for _, path := range paths {
		raw, err := fsutil.ReadRegular(path)
		if os.IsNotExist(err) {
			return nil, fault.New(fault.NotFound, "%s: there is no such file", path)
		} else if err != nil {
			return nil, err
		}
		s := &corpora.Summary{}
		if err := json.Unmarshal(raw, s); err != nil || s.Corpus == "" {
			return nil,
				whatis.JSON(path, fault.New(fault.Invalid, "%s: is no account of an import; hives import --json prints one", path))
		}
		for i := range s.Files { // folders of the machine that imported are nobody's business
			s.Files[i] = filepath.Base(s.Files[i])
		}
		for i := range s.Bad {
			s.Bad[i].File = filepath.Base(s.Bad[i].File)
		}
		out = append(out, s)
	}
	return out, nil
}
