package httpapi

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"regexp"
	"strings"

	"hives/internal/serve"
	"hives/internal/serve/share"
	"hives/internal/strictjson"
	hivesv1 "hives/proto/hives/v1"
)

// request is the body of POST /v1/embeddings. Input and Dimensions stay raw at first: input has four forms, and a
// number may be written in several ways.
type request struct {
	Input          json.RawMessage `json:"input"`
	Model          string          `json:"model"`
	EncodingFormat string          `json:"encoding_format"`
	Dimensions     json.RawMessage `json:"dimensions"`
	User           json.RawMessage `json:"user"` // ignored
}

// Body reads a request's body. Room for it is kept before a byte of it is read, as for a message of gRPC; who gets it
// owes Leave when the request is over.
//
// A body that says its length takes that much room, one that does not the most there may be. So does a packed one,
// whose length is not what it becomes: else 4 kB of room would hold 4 MB, a thousand times over.
func Body(s *serve.Server, r *http.Request) ([]byte, *share.Place, error) {
	most := s.Limits().RequestBytes
	size := most
	if n := r.ContentLength; n >= 0 && n < int64(most) && packing(r) == "" {
		size = int(n)
	}
	held, err := s.Receiving(r.Context(), size)
	if err != nil {
		return nil, nil, err
	}
	body, err := read(r, most)
	if err != nil {
		held.Leave()
		return nil, nil, err
	}
	held.Keep(len(body))
	return body, held, nil
}

// read takes a body of at most so many bytes, before and after it is unpacked. The one byte more that is asked for
// tells a body of exactly that size from a larger one. Both ends need the bound: a gzip of 10 kB may hold 10 MB, and
// one of 10 MB may hold nothing, in members that are empty.
func read(r *http.Request, most int) ([]byte, error) {
	// Refused by its own word, before a byte of it is read.
	if r.ContentLength > int64(most) {
		return nil, tooLarge(most)
	}
	sent := &io.LimitedReader{R: r.Body, N: int64(most) + 1}
	from, err := unpacked(packing(r), sent)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(from, int64(most)+1))
	switch {
	// The deadline of the connection, which package web sets: a client that is too slow, not one that is wrong.
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, errSlowBody
	case len(body) > most || sent.N == 0:
		return nil, tooLarge(most)
	case err != nil:
		return nil, invalid("", "the body ended early, or is not packed as Content-Encoding says")
	}
	return body, nil
}

var errSlowBody = &refusal{status: http.StatusRequestTimeout, words: "the body did not come in time; send it again",
	reason: "SLOW_MESSAGE"}

// packing is the Content-Encoding of a body in small letters, empty where it is not packed. Several header lines are
// one list, and identity says nothing: "identity, gzip" is gzip, and two lines of gzip are "gzip, gzip".
func packing(r *http.Request) string {
	var codings []string
	for _, c := range strings.Split(strings.ToLower(strings.Join(r.Header.Values("Content-Encoding"), ",")), ",") {
		if c = strings.TrimSpace(c); c != "" && c != "identity" {
			codings = append(codings, c)
		}
	}
	return strings.Join(codings, ", ")
}

// unpacked undoes a packing. No more is unpacked than is read. Members of a gzip that follow each other are one body,
// as RFC 1952 has it. br and zstd are not read, and nothing is packed twice: no client that this serves sends them
// unasked.
func unpacked(packing string, body io.Reader) (io.Reader, error) {
	switch packing {
	case "":
		return body, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(body)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, errSlowBody
		}
		if err != nil {
			return nil, invalid("", "the body is not packed by gzip, as its Content-Encoding says")
		}
		return z, nil
	}
	return nil, &refusal{
		status: http.StatusUnsupportedMediaType, reason: "CONTENT_ENCODING",
		words: "a body of this Content-Encoding is not read: send it as it is, or packed once by gzip",
	}
}

// fieldName is how programs write names of fields: parts that begin with a letter, with dots or hyphens between them.
// Of an unknown key only such a name is repeated: anything else may be a text that has slipped.
var fieldName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*([.-][A-Za-z_][A-Za-z0-9_]*)*$`)

const longestName = 64 // of a field, in bytes

// Decode reads an object into a struct and tells unknown, double and misspelled fields. Its words never repeat a value.
// What is read stands in their beginning: "the body", or "response_format", which param then names too.
func Decode(what, param string, raw []byte, into any) error {
	err := strictjson.DecodeOnly(raw, into)
	wrong := new(strictjson.Error)
	if err != nil && !errors.As(err, &wrong) {
		return invalid(param, what+" is no JSON object of the fields that are known")
	}
	if err == nil {
		return nil
	}
	key := wrong.Key
	if len(key) > longestName || !fieldName.MatchString(key) {
		key = ""
	}
	if param != "" {
		key = strings.TrimSuffix(param+"."+key, ".")
	}
	return invalid(key, what+" "+wrong.Reason)
}

// parse is Decode for an embedding's request.
func parse(body []byte) (*request, error) {
	var r request
	if err := Decode("the body", "", body, &r); err != nil {
		return nil, err
	}
	if r.EncodingFormat != "" && r.EncodingFormat != "float" && r.EncodingFormat != "base64" {
		return nil, invalid("encoding_format", "encoding_format is float or base64")
	}
	return &r, nil
}

// embed is the request as gRPC has it.
func (r *request) embed() (*hivesv1.EmbedRequest, error) {
	out := &hivesv1.EmbedRequest{Overlong: hivesv1.Overlong_OVERLONG_REFUSE}
	if d := string(r.Dimensions); d != "" && d != "null" {
		n, ok := whole(r.Dimensions)
		if !ok {
			return nil, invalid("dimensions", "dimensions is no whole number in range")
		}
		out.Dimensions = &n
	}
	var err error
	out.Texts, out.TokenIds, err = inputs(r.Input)
	return out, err
}

// whole reads a whole number, also as 2.0 or 2e0: JSON knows one kind of number, and R, Lua and JavaScript write it as
// they like.
func whole(raw json.RawMessage) (uint32, bool) {
	var x float64
	if json.Unmarshal(raw, &x) != nil || x != math.Trunc(x) || x < 0 || x > math.MaxUint32 {
		return 0, false
	}
	return uint32(x), true
}

var errInput = invalid("input", "input is a text, a list of texts, a list of token ids or a list of such lists, "+
	"and not empty")

// inputs tells the four forms apart by their first characters.
//
//	"a text"             one text
//	["a", "b"]           texts
//	[1, 2, 3]            one list of ids: brackets are put around it
//	[[1, 2], [3]]        lists of ids
//
// Nothing is guessed from a type that a JSON library chose: [1, "a"] is refused as ids, and ["a", 1] as texts.
func inputs(raw json.RawMessage) (texts []string, ids []*hivesv1.TokenIds, err error) {
	switch inner := bytes.TrimLeft(bytes.TrimPrefix(raw, []byte("[")), " \t\r\n"); {
	case len(raw) > 0 && raw[0] == '"':
		var text string
		err = json.Unmarshal(raw, &text)
		texts = []string{text}
	case len(raw) == 0 || raw[0] != '[' || inner[0] == ']':
		return nil, nil, errInput
	case inner[0] == '"':
		return textList(raw)
	case bytes.Contains(raw, []byte("null")): // would become id 0
		return nil, nil, invalid("input", "input has a null in it")
	case inner[0] == '[':
		return idLists(raw)
	default:
		return idLists(append(append([]byte{'['}, raw...), ']'))
	}
	if err != nil {
		return nil, nil, errInput
	}
	return texts, nil, nil
}

// textList takes a null for what it is, not for an empty text.
func textList(raw json.RawMessage) (texts []string, _ []*hivesv1.TokenIds, err error) {
	var list []*string
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, nil, errInput
	}
	for i, text := range list {
		if text == nil {
			return nil, nil, invalid("input", fmt.Sprintf("text %d is null", i))
		}
		texts = append(texts, *text)
	}
	return texts, nil, nil
}

// idLists reads numbers as float64, which holds every uint32 exactly: so 3.0 is an id and 3.5, or 2³², is refused,
// where a decoder of integers would refuse all three.
func idLists(raw json.RawMessage) (_ []string, ids []*hivesv1.TokenIds, err error) {
	var lists [][]float64 // exact for every id
	if err := json.Unmarshal(raw, &lists); err != nil {
		return nil, nil, errInput
	}
	for i, list := range lists {
		one := &hivesv1.TokenIds{Ids: make([]uint32, 0, len(list))}
		for at, x := range list {
			if x != math.Trunc(x) || x < 0 || x > math.MaxUint32 {
				return nil, nil, invalid("input", fmt.Sprintf("id %d of list %d is no whole number in range", at, i))
			}
			one.Ids = append(one.Ids, uint32(x))
		}
		ids = append(ids, one)
	}
	return nil, ids, nil
}
