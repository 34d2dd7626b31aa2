package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"
)

// Ten thousand failed calls a second for three seconds, two loggers of one: some 130 lines, none of them lost from the
// count; a line of another kind, and one of a call that went well, always passes.
func TestFailedCallsDoNotFillTheLog(t *testing.T) {
	var out bytes.Buffer
	log := quiet(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	both := []*slog.Logger{log, log.With("protocol", "http")}
	began := time.Unix(1000, 0)
	const calls = 30000
	write := func(l *slog.Logger, level slog.Level, message string, at time.Time) {
		if err := l.Handler().Handle(context.Background(), slog.NewRecord(at, level, message, 0)); err != nil {
			t.Fatal(err)
		}
	}
	for n := range calls {
		write(both[n%2], slog.LevelInfo, finishedCall, began.Add(time.Duration(n)*3*time.Second/calls))
	}
	write(log, slog.LevelInfo, "the tokens were replaced", began.Add(3*time.Second))
	write(log, slog.LevelDebug, finishedCall, began.Add(3*time.Second))
	write(log, slog.LevelInfo, finishedCall, began.Add(time.Minute))
	var failed, left, others int
	lines := json.NewDecoder(&out)
	for lines.More() {
		var line struct {
			Level, Msg string
			Left       int `json:"lines_left_out"`
		}
		if err := lines.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line.Msg != finishedCall || line.Level == "DEBUG" {
			others++
			continue
		}
		failed, left = failed+1, left+line.Left
	}
	if failed < failedLinesAtOnce || failed > failedLinesAtOnce+3*failedLinesPerSecond+2 || failed+left != calls+1 ||
		others != 2 {
		t.Errorf("%d lines and %d left out of %d failed calls, %d others", failed, left, calls+1, others)
	}
}
