package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"hives/internal/columns"
	"hives/internal/fault"
)

// LogFormats are those of Logger: auto, text for people, json for programs.
var LogFormats = []string{"auto", "text", "json"}

// Logger writes lines for people (text) or JSON lines; auto is text on a terminal and JSON elsewhere.
//
//	15:04:05 listening: grpc 127.0.0.1:50051, engine cpu                       text
//	{"time":"…","level":"INFO","msg":"listening","grpc":"127.0.0.1:50051",…}   json
//
// Error: Invalid for another format. Lines below level are dropped before they are put together.
func Logger(w io.Writer, format string, level slog.Level) (*slog.Logger, error) {
	switch {
	case !slices.Contains(LogFormats, format):
		return nil, fault.New(fault.Invalid, "log format %q: want auto, text or json", format)
	case format == "json", format == "auto" && columns.Width(w) == 0:
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})), nil
	}
	return slog.New(&textLog{w: columns.Lines(w), mu: &sync.Mutex{}, level: level}), nil
}

// textLog writes "15:04:05 listening: grpc 127.0.0.1:50051, engine cpu"; what is more than news says so in front.
// Handlers made by WithAttrs and WithGroup share its mutex, so that lines of several do not mix.
type textLog struct {
	w     io.Writer
	mu    *sync.Mutex
	level slog.Level
	group string // of the attributes to come, with its dot
	given string // attributes of With
}

// Enabled is asked before a line's fields are computed.
func (t *textLog) Enabled(_ context.Context, l slog.Level) bool { return l >= t.level }

// Handle writes a record as one line, in one Write, so that lines of several goroutines do not mix.
func (t *textLog) Handle(_ context.Context, r slog.Record) error {
	var b bytes.Buffer
	b.WriteString(r.Time.Format("15:04:05 "))
	// News is what most lines are, and need not say so.
	if r.Level != slog.LevelInfo {
		b.WriteString(strings.ToLower(r.Level.String()) + ": ")
	}
	b.WriteString(r.Message)
	attrs := t.given
	r.Attrs(func(a slog.Attr) bool {
		attrs += t.attr(t.group, a)
		return true
	})
	if attrs != "" {
		b.WriteString(":" + strings.TrimPrefix(attrs, ","))
	}
	b.WriteByte('\n')
	t.mu.Lock()
	defer t.mu.Unlock()
	_, err := t.w.Write(b.Bytes())
	return err
}

// attr writes ", name value"; line breaks and other signs that could forge a line are quoted.
//
//	"grpc", "127.0.0.1:50051"      , grpc 127.0.0.1:50051
//	"in_a_row", 2                  , in a row 2
//	"name", "a\nERROR: all lost"   , name "a\nERROR: all lost"
func (t *textLog) attr(prefix string, a slog.Attr) (text string) {
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		for _, inner := range value.Group() {
			text += t.attr(prefix+a.Key+".", inner)
		}
		return text
	}
	var shown string
	switch {
	case a.Equal(slog.Attr{}):
		return ""
	// Four digits are what a person reads; programs take the JSON form.
	case value.Kind() == slog.KindFloat64:
		shown = fmt.Sprintf("%.4g", value.Float64())
	default:
		shown = value.String()
	}
	if quoted := fmt.Sprintf("%q", shown); shown == "" || strings.Contains(quoted, `\`) {
		shown = quoted
	}
	return ", " + prefix + strings.ReplaceAll(a.Key, "_", " ") + " " + shown
}

// WithAttrs writes the attributes out at once: a logger that is given them keeps them for every line to come.
func (t *textLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *t
	for _, a := range attrs {
		next.given += t.attr(t.group, a)
	}
	return &next
}

// WithGroup puts a name and a dot before the attributes to come, and leaves those that are there as they are.
func (t *textLog) WithGroup(name string) slog.Handler {
	next := *t
	next.group += name + "."
	return &next
}
