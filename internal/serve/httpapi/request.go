package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"

	"hives/internal/strictjson"
	hivesv1 "hives/proto/hives/v1"
)

// request is the body of POST /v1/embeddings.
type request struct {
	Input          json.RawMessage `json:"input"`
	Model          string          `json:"model"`
	EncodingFormat string          `json:"encoding_format"`
	Dimensions     *uint32         `json:"dimensions"`
	User           json.RawMessage `json:"user"` // ignored
}

// read takes a body of at most so many bytes.
func read(r *http.Request, most int) (*request, error) {
	if r.ContentLength > int64(most) {
		return nil, tooLarge(most)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(most)+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &refusal{status: http.StatusRequestTimeout, words: "the body did not come in time; send it again", reason: "SLOW_MESSAGE"}
	case err != nil:
		return nil, invalid("", "the body ended early")
	case len(body) > most:
		return nil, tooLarge(most)
	}
	return parse(body)
}

func parse(body []byte) (*request, error) {
	var r request
	err := strictjson.DecodeOnly(body, &r)
	if wrong := new(strictjson.Error); errors.As(err, &wrong) {
		return nil, invalid(wrong.Key, "the body "+wrong.Reason)
	} else if err != nil {
		return nil, invalid("", "the body is no JSON object of the fields input, model, encoding_format, dimensions and user")
	}
	if r.EncodingFormat != "" && r.EncodingFormat != "float" && r.EncodingFormat != "base64" {
		return nil, invalid("encoding_format", "encoding_format is float or base64")
	}
	return &r, nil
}

// embed is the request as gRPC has it.
func (r *request) embed() (*hivesv1.EmbedRequest, error) {
	out := &hivesv1.EmbedRequest{Dimensions: r.Dimensions, Overlong: hivesv1.Overlong_OVERLONG_REFUSE}
	var err error
	out.Texts, out.TokenIds, err = inputs(r.Input)
	return out, err
}

var errInput = invalid("input", "input is a text, a list of texts, a list of token ids or a list of such lists, and not empty")

// inputs tells the four forms apart by their first characters.
func inputs(raw json.RawMessage) (texts []string, ids []*hivesv1.TokenIds, err error) {
	switch inner := bytes.TrimLeft(bytes.TrimPrefix(raw, []byte("[")), " \t\r\n"); {
	case len(raw) > 0 && raw[0] == '"':
		var text string
		err = json.Unmarshal(raw, &text)
		texts = []string{text}
	case len(raw) == 0 || raw[0] != '[' || inner[0] == ']':
		return nil, nil, errInput
	case inner[0] == '"':
		err = json.Unmarshal(raw, &texts)
	case bytes.Contains(raw, []byte("null")): // would become id 0
		return nil, nil, errInput
	case inner[0] == '[':
		var lists [][]uint32
		err = json.Unmarshal(raw, &lists)
		for _, list := range lists {
			ids = append(ids, &hivesv1.TokenIds{Ids: list})
		}
	default:
		var list []uint32
		err = json.Unmarshal(raw, &list)
		ids = []*hivesv1.TokenIds{{Ids: list}}
	}
	if err != nil {
		return nil, nil, errInput
	}
	return texts, ids, nil
}
