package export

import (
	"encoding/json"
	"path/filepath"

	"hives/internal/fsutil"
	"hives/model/folder"
)

// An exported language model goes on talking: what its files say of conversations goes along. Nothing of it is read
// here.

// chatTemplate is what a folder's tokenizer_config.json says of conversations, nil for nothing: a text, or several by
// name.
func chatTemplate(dir string) any {
	var f struct {
		Template any `json:"chat_template"`
	}
	if raw, err := fsutil.ReadRegular(filepath.Join(dir, folder.TokenizerConfigFile)); err == nil {
		json.Unmarshal(raw, &f) // of a torn file, and of none, nothing is taken
	}
	return f.Template
}

// chatText is the one template of a folder, in either of its two files; "" where there is none, or several: a GGUF file
// has room for one, and which of several it should be nobody said.
func chatText(dir string) string {
	switch template := chatTemplate(dir).(type) {
	case string:
		return template
	case nil:
		if raw, err := fsutil.ReadRegular(filepath.Join(dir, folder.ChatTemplateFile)); err == nil {
			return string(raw)
		}
	}
	return ""
}
