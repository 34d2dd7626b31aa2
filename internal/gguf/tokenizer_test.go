package gguf

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"hives/internal/fault"
)

// words is a file with a tokenizer of four tokens, and no tensors.
func words(pre string) *builder {
	return newBuilder().key("tokenizer.ggml.model", kindString, text("gpt2")).key("tokenizer.ggml.pre",
		kindString, text(pre)).
		array("tokenizer.ggml.tokens", kindString, 5, text("a"), text("<b"), text("a<b"), text("<|end|>"), text("[PAD]")).
		array("tokenizer.ggml.token_type", kindI32, 5, u32(1), u32(1), u32(1), u32(3), u32(5)).
		array("tokenizer.ggml.merges", kindString, 1, text("a <b"))
}

func TestTokenizerJSON(t *testing.T) {
	for pre, want := range map[string]string{
		"qwen2": `"normalizer":{"type":"NFC"}`,
		"smollm": `"pretokenizers":[{"individual_digits":true,"type":"Digits"},{"add_prefix_space":false,` +
			`"trim_offsets":true,"type":"ByteLevel","use_regex":true}]`,
		"gpt-2": `"pre_tokenizer":{"add_prefix_space":false,"trim_offsets":true,"type":"ByteLevel","use_regex":true}`,
	} {
		f := mustOpen(t, save(t, words(pre).file()))
		raw, err := f.TokenizerJSON()
		again, _ := TokenizerJSON(f.Path())
		if err != nil || !json.Valid(raw) || !bytes.Equal(raw, again) {
			t.Fatalf("%s: error %v, %d bytes, %d the second time", pre, err, len(raw), len(again))
		}
		for _, part := range []string{want, `"vocab":{"a":0,"<b":1,"a<b":2,"<|end|>":3}`, `"merges":["a <b"]`,
			`"content":"<|end|>","id":3`} {
			if !strings.Contains(string(raw), part) {
				t.Errorf("%s: no %s in %s", pre, part, raw)
			}
		}
	}
}

func TestTokenizerConfigJSON(t *testing.T) {
	f := mustOpen(t, save(t, words("gpt-2").key("tokenizer.ggml.eos_token_id", kindU32,
		u32(3)).key("tokenizer.ggml.bos_token_id", kindU32, u32(99)).file()))
	raw, err := f.TokenizerConfigJSON()
	var got map[string]any
	if err == nil {
		err = json.Unmarshal(raw, &got)
	}
	if err != nil || got["eos_token"] != "<|end|>" || got["bos_token"] != nil ||
		got["tokenizer_class"] != "PreTrainedTokenizerFast" {
		t.Errorf("%s, error %v", raw, err)
	}
}

func TestTokenizerRefuses(t *testing.T) {
	without := func(key string) *builder {
		b := words("gpt-2")
		for i, k := range b.keys {
			if bytes.Contains(k, []byte(key)) {
				b.keys = append(b.keys[:i], b.keys[i+1:]...)
				break
			}
		}
		return b
	}
	for _, c := range []struct {
		name string
		b    *builder
		kind fault.Kind
		want string
	}{
		{"no tokenizer", newBuilder(), fault.NotFound, "no tokenizer.ggml.model"},
		{"another kind", newBuilder().key("tokenizer.ggml.model", kindString, text("llama")), fault.Invalid, `kind "llama"`},
		{"another splitter", words("llama-bpe"), fault.Invalid, `tokenizer.ggml.pre "llama-bpe" is not supported`},
		{"no splitter", without("ggml.pre"), fault.NotFound, "tokenizer.ggml.pre"},
		{"no types", without("token_type"), fault.NotFound, "token_type"},
		{"too few types", without("token_type").array("tokenizer.ggml.token_type", kindI32, 1, u32(1)), fault.Corrupt,
			"5 tokens have 1 types"},
		{"a byte token", without("token_type").array("tokenizer.ggml.token_type", kindI32, 5, u32(1), u32(6), u32(1), u32(1),
			u32(1)), fault.Invalid, "token 1 is of type 6"},
		{"a type beyond all", without("token_type").array("tokenizer.ggml.token_type", kindU32, 5, u32(1),
			u32(math.MaxUint32), u32(1), u32(1), u32(1)), fault.Invalid, "token 1 is of type"},
		{"a token that is not UTF-8", without("tokens").array("tokenizer.ggml.tokens", kindString, 5, text("a"), text("\xff"),
			text("c"), text("d"), text("e")), fault.Corrupt, "token 1 is not UTF-8"},
		{"a merge of one part", without("merges").array("tokenizer.ggml.merges", kindString, 1, text("ab")),
			fault.Corrupt, "merge 0"},
		{"merges that are numbers", without("merges").array("tokenizer.ggml.merges", kindU8, 1, []byte{1}), fault.Invalid,
			"tokenizer.ggml.merges"},
		{"a prefix space", words("gpt-2").key("tokenizer.ggml.add_space_prefix", kindBool, []byte{1}), fault.Invalid,
			"add_space_prefix"},
	} {
		f := mustOpen(t, save(t, c.b.file()))
		for _, render := range []func() ([]byte, error){f.TokenizerJSON, f.TokenizerConfigJSON} {
			if _, err := render(); fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error %v (%v), want %v that says %q", c.name, err, fault.Of(err), c.kind, c.want)
			}
		}
	}
}
