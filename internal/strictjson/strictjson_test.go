package strictjson

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hives/internal/fault"
)

type line struct {
	Text *string         `json:"text"`
	IDs  []int32         `json:"ids"`
	Raw  json.RawMessage `json:"raw"`
}

func TestRefused(t *testing.T) {
	for reason, c := range map[string]struct{ raw, key, says string }{
		"a key twice":                 {`{"text": "a", "text": "b"}`, "text", `"text" twice`},
		"a key twice, escaped":        {`{"text": "a", "te\u0078t": "b"}`, "text", `"text" twice`},
		"a strange key twice":         {`{"n": 1, "text": "a", "n": 2}`, "n", `"n" twice`},
		"a second spelling":           {`{"text": "a", "Text": "b"}`, "Text", `it is spelled "text"`},
		"a second spelling first":     {`{"TEXT": "a", "text": "b"}`, "TEXT", `it is spelled "text"`},
		"another spelling alone":      {`{"Text": "a"}`, "Text", `it is spelled "text"`},
		"a long s":                    {`{"id\u017f": [1]}`, "idſ", `it is spelled "ids"`},
		"half a pair":                 {`{"text": "cut \ud83d"}`, "text", "surrogate"},
		"the other half":              {`{"text": "\ude00 cut"}`, "text", "surrogate"},
		"halves in the wrong order":   {`{"text": "\ude00\ud83d"}`, "text", "surrogate"},
		"half a pair, then a letter":  {`{"text": "\ud83dx"}`, "text", "surrogate"},
		"half a pair, then an escape": {`{"text": "\ud83d\n"}`, "text", "surrogate"},
		"two first halves":            {`{"text": "\ud83d\ud83d\ude00"}`, "text", "surrogate"},
		"half a pair deep inside":     {`{"raw": [["a", "\ud83d"]]}`, "raw", "surrogate"},
		"NaN":                         {`{"text": "a", "score": NaN}`, "", "NaN, which JSON lacks"},
		"NaN in a list":               {`{"n": [1, NaN]}`, "", "NaN, which JSON lacks"},
		"Infinity":                    {`{"n": Infinity}`, "", "Infinity, which JSON lacks"},
		"minus Infinity":              {`{"n": -Infinity}`, "", "Infinity, which JSON lacks"},
		"bytes of another encoding":   {"{\"text\": \"caf\xe9\"}", "", "not UTF-8"},
		"a byte-order mark":           {"\uFEFF{}", "", "byte-order mark"},
		"two objects":                 {`{"text": "a"} {"text": "b"}`, "", "more behind"},
		"an object and a comma":       {`{"text": "a"},`, "", "more behind"},
		"a list":                      {`[{"text": "a"}]`, "", "not a JSON object"},
		"a string":                    {`"a"`, "", "not a JSON object"},
		"single quotes":               {`{'text': 'a'}`, "", "character 2 is out of place"},
		"a comma at the end":          {`{"text": "a",}`, "", "character 14 is out of place"},
		"torn":                        {`{"text": "a`, "", "ends in the middle"},
		"nothing":                     {``, "", "ends in the middle"},
		"a number for a text":         {`{"text": 5}`, "text", `"text" that is not text`},
		"a list for a text":           {`{"text": ["a"]}`, "text", `"text" that is not text`},
		"halves for ids":              {`{"ids": [1.5]}`, "ids", "whole numbers"},
		"a text for ids":              {`{"ids": "1 2"}`, "ids", "not a list"},
	} {
		err := Decode([]byte(c.raw), &line{})
		wrong := new(Error)
		if !errors.As(err, &wrong) || wrong.Key != c.key || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v (key %q), want %q (key %q)", reason, err, wrong.Key, c.says, c.key)
		}
	}
}

func TestTaken(t *testing.T) {
	for reason, c := range map[string]struct{ raw, text string }{
		"plain":                        {`{"text": "a"}`, "a"},
		"spaces and other keys":        {" \t{ \"text\" : \"a\" , \"meta\": {\"x\": 1, \"x\": 2} }\r\n", "a"},
		"a whole pair":                 {`{"text": "\ud83d\ude00"}`, "😀"},
		"an escaped backslash and u":   {`{"text": "\\ud83d"}`, `\ud83d`},
		"half a pair nobody asked for": {`{"text": "a", "source": "\ud83d"}`, "a"},
		"U+FFFD that was written":      {`{"text": "\ufffd"}`, "\uFFFD"},
	} {
		var l line
		if err := Decode([]byte(c.raw), &l); err != nil || l.Text == nil || *l.Text != c.text {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

func TestKeysOfAMap(t *testing.T) {
	var m map[string]any
	if err := Decode([]byte(`{"prompt": "a", "n": "\ud83d"}`), &m, "prompt"); err != nil || m["prompt"] != "a" {
		t.Errorf("%v, %v", m, err)
	}
	if err := Decode([]byte(`{"Prompt": "a"}`), &m, "prompt"); err == nil {
		t.Error("another spelling passed")
	}
}

// Fields of an embedded struct are read, and named, as if they stood in the struct itself.
func TestEmbeddedFields(t *testing.T) {
	type shared struct {
		Text string `json:"text"`
	}
	var both struct {
		shared
		N int `json:"n"`
	}
	if err := DecodeOnly([]byte(`{"text": "a", "n": 2}`), &both); err != nil || both.Text != "a" || both.N != 2 {
		t.Errorf("%+v, %v", both, err)
	}
	for raw, key := range map[string]string{`{"text": 5}`: "text", `{"Text": "a"}`: "Text", `{"shared": {}}`: "shared"} {
		err := DecodeOnly([]byte(raw), &both)
		if wrong := new(Error); !errors.As(err, &wrong) || wrong.Key != key {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestDecodeOnly(t *testing.T) {
	if err := DecodeOnly([]byte(`{"text": "a", "model": "x"}`), &line{}); err == nil ||
		!strings.Contains(err.Error(), "other keys than text, ids, raw") {
		t.Errorf("%v", err)
	}
	if err := DecodeOnly([]byte(`{"text": "a"}`), &line{}); err != nil {
		t.Error(err)
	}
}

// What passes is what encoding/json makes of it, and what went in comes back.
func TestTextsComeBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.String().Draw(r, "text")
		raw, err := json.Marshal(map[string]string{"text": text, rapid.StringMatching(`[b-s][a-z]*`).Draw(r, "key"): "x"})
		if err != nil {
			r.Fatal(err)
		}
		var l line
		if err := Decode(raw, &l); err != nil {
			var m map[string]string
			if json.Unmarshal(raw, &m); m["ids"] != "" || m["raw"] != "" {
				return
			}
			r.Fatalf("%s: %v", raw, err)
		}
		if *l.Text != text {
			r.Fatalf("%q became %q", text, *l.Text)
		}
	})
}

// TestReadFile: keys are refused at any depth, with the one that was meant; the file is named once.
func TestReadFile(t *testing.T) {
	type file struct {
		Format int `json:"format"`
		Items  []struct {
			ID   string `json:"id"`
			Text string `json:"text"`
		} `json:"items"`
	}
	own := []byte(`{"format": 1, "items": [{"id": "a", "text": "b"}]}`)
	for name, c := range map[string]struct{ text, says string }{
		"right":   {string(own), ""},
		"unknown": {`{"format": 1, "itms": []}`, `the unknown key "itms": did you mean "items"?`},
		"deep":    {`{"format": 1, "items": [{"id": "a", "txet": "b"}]}`, `the unknown key "txet": did you mean "text"?`},
		"type":    {`{"format": "1"}`, `a "format" that is not made of whole numbers`},
		"torn":    {`{"format": 1, "items": [`, "ends in the middle"},
		"twice":   {`{"format": 1, "format": 2}`, "twice"},
		"more":    {`{"format": 1} {}`, "more behind"},
		"a list":  {`[]`, "is not a JSON object"},
	} {
		path := filepath.Join(t.TempDir(), "items.json")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		var f file
		raw, err := ReadFile(path, nil, &f)
		if (err != nil) != (c.says != "") || err != nil && (!strings.Contains(err.Error(), c.says) ||
			strings.Count(err.Error(), path) != 1 || fault.Of(err) != fault.Invalid) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if err == nil && (string(raw) != c.text || len(f.Items) != 1) {
			t.Errorf("%s: %q, %+v", name, raw, f)
		}
	}
	var f file
	if _, err := ReadFile("", own, &f); err != nil || f.Items[0].Text != "b" {
		t.Errorf("%v, %+v", err, f)
	}
	missing := filepath.Join(t.TempDir(), "nope")
	if _, err := ReadFile(missing, own, &f); fault.Of(err) != fault.NotFound || strings.Count(err.Error(), missing) != 1 {
		t.Errorf("missing: %v", err)
	}
}
