package gguf

import "testing"

// FuzzParse: a file that is taken has tensors that lie in it, apart from each other, and can be read; a tokenizer in
// it can be written out or is refused.
func FuzzParse(f *testing.F) {
	for _, c := range hostile {
		f.Add(c.file)
	}
	f.Add(one().file())
	f.Add(words("qwen2").tensor("w", Q4_K, 0, 256).bytes(144).file())
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) < headBytes { // Open refuses these before parse sees them
			return
		}
		file, err := parse(content)
		if err != nil {
			return
		}
		total := 0
		for _, name := range file.Names() {
			tensor, err := file.Tensor(name)
			if err != nil {
				t.Fatal(err)
			}
			if total += len(tensor.Data); total > len(content) {
				t.Fatalf("tensors of %d bytes in a file of %d", total, len(content))
			}
			if tensor.Rows()*tensor.RowBytes() != len(tensor.Data) {
				t.Fatalf("%d rows of %d bytes are not %d", tensor.Rows(), tensor.RowBytes(), len(tensor.Data))
			}
			tensor.Row(tensor.Rows()-1, make([]float32, tensor.Width()))
		}
		for _, key := range file.Keys() {
			_, _ = file.Int(key)
			_, _ = file.Float(key)
			_, _ = file.Ints(key)
			_, _ = file.Strings(key)
		}
		_, _ = file.TokenizerJSON()
		_, _ = file.TokenizerConfigJSON()
	})
}
