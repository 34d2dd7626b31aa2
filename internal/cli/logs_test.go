package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"hives/internal/fault"
)

func TestLogger(t *testing.T) {
	write := func(format string) string {
		var out bytes.Buffer
		log, err := Logger(&out, format, slog.LevelInfo)
		if err != nil {
			t.Fatal(err)
		}
		log.Debug("too much")
		log.With("call", 7).WithGroup("peer").Error("lost", "address", "127.0.0.1:1", "error", errors.New("line\nforged"))
		log.Info("ready", "load_seconds", 1.23456789, slog.Group("shape", "rows", 8))
		log.Info("alone")
		return out.String()
	}
	for _, format := range []string{"json", "auto"} { // a buffer is no terminal
		lines := strings.Split(strings.TrimSpace(write(format)), "\n")
		var first struct{ Peer struct{ Error string } }
		if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || len(lines) != 3 ||
			first.Peer.Error != "line\nforged" {
			t.Errorf("%s: %v: %q", format, err, lines)
		}
	}
	var got []string
	for line := range strings.Lines(write("text")) {
		got = append(got, line[len("15:04:05 "):])
	}
	want := "error: lost: call 7, peer.address 127.0.0.1:1, peer.error \"line\\nforged\"\nready: load seconds 1.235, " +
		"shape.rows 8\nalone\n"
	if strings.Join(got, "") != want {
		t.Errorf("got\n%swant\n%s", strings.Join(got, ""), want)
	}
	if _, err := Logger(&bytes.Buffer{}, "xml", slog.LevelInfo); fault.Of(err) != fault.Invalid {
		t.Errorf("xml: %v", err)
	}
}
