package httpapi

import (
	"encoding/binary"
	"math"

	hivesv1 "hives/proto/hives/v1"
)

// embeddings is the reply to POST /v1/embeddings. The types here are OpenAI's shapes field by field: programs in the
// wild parse them, so nothing is renamed or left out.
type embeddings struct {
	Object string      `json:"object"`
	Data   []embedding `json:"data"`
	Model  string      `json:"model"`
	Usage  usage       `json:"usage"`

	WeightsSHA256 string `json:"weights_sha256"` // beyond OpenAI's: which model this is, whatever its name
}

// embedding holds numbers, or bytes that JSON writes in base64.
type embedding struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"`
}

// usage is what was counted: tokens after cutting, the frame's included.
type usage struct {
	PromptTokens uint32 `json:"prompt_tokens"`
	TotalTokens  uint32 `json:"total_tokens"`
}

// Model is one entry of /v1/models.
type Model struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int    `json:"created"` // Unix time, which a model folder does not know
	OwnedBy string `json:"owned_by"`

	WeightsSHA256 string `json:"weights_sha256"` // beyond OpenAI's
	MaxLength     uint32 `json:"max_model_len"`  // tokens of a text, as vLLM tells it
	Root          string `json:"root"`           // the name that this one is an alias of, or the name itself
}

// models is the list: each model under each of its names.
type models struct {
	Object string  `json:"object"`
	Data   []Model `json:"data"`
}

// newModel describes the model under one of its names.
func newModel(v *hivesv1.ModelVersion, id string) Model {
	return Model{
		ID: id, Object: "model", OwnedBy: "hives", WeightsSHA256: v.GetWeightsSha256(), MaxLength: v.GetMaxLength(),
		Root: v.GetName(),
	}
}

// newEmbeddings is a reply in OpenAI's shape. Prompt and total tokens are the same: an embedding makes no tokens.
func newEmbeddings(r *hivesv1.EmbedResponse, base64 bool) *embeddings {
	out := &embeddings{Object: "list", Model: r.GetModel().GetName(), WeightsSHA256: r.GetModel().GetWeightsSha256()}
	for i, e := range r.Embeddings {
		one := embedding{Object: "embedding", Index: i, Embedding: e.Values}
		if base64 {
			one.Embedding = littleEndian(e.Values)
		}
		out.Data = append(out.Data, one)
		out.Usage.PromptTokens += e.Tokens
	}
	out.Usage.TotalTokens = out.Usage.PromptTokens
	return out
}

// littleEndian is float32 as numpy reads it.
func littleEndian(v []float32) []byte {
	out := make([]byte, 0, 4*len(v))
	for _, x := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return out
}
