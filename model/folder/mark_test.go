package folder_test

import (
	"strings"
	"testing"

	"hives/model/folder"
)

// A byte order mark is called that, before anybody looks for a family.
func TestConfigWithAByteOrderMark(t *testing.T) {
	_, err := folder.ParseConfig([]byte("\xef\xbb\xbf{}"))
	if err == nil || !strings.Contains(err.Error(), "byte order mark") {
		t.Errorf("%v", err)
	}
}
