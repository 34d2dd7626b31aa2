package queries

import (
	_ "embed"
	"encoding/json"

	"hives/internal/audit"
)

// Own is the name of the program's own queries as a source.
const Own = "own"

//go:embed own.v1.json
var ownFile []byte

// own is one of them. Its value says what it was written for; the query does not name it.
type own struct {
	ID    string `json:"id"`
	Value string `json:"value_id"`
	Query string `json:"query"`
}

// readOwn reads the file of the program.
func readOwn() []own {
	var file struct{ Items []own }
	if err := json.Unmarshal(ownFile, &file); err != nil {
		panic(err)
	}
	return file.Items
}

// Builtin are our own queries. Each is a group by itself: nothing was chosen.
func Builtin() (out []audit.Query) {
	for at, o := range readOwn() {
		out = append(out, audit.Query{ID: o.ID, Source: Own, Text: o.Query, Cluster: at, Size: 1})
	}
	return out
}
