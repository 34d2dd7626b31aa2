package telemetry

import (
	"testing"

	"hives/internal/fault"
)

// TestNoHeadersInTheClear: headers may hold the collector's key.
func TestNoHeadersInTheClear(t *testing.T) {
	for _, c := range []struct {
		endpoint, generic, headers string
		refused                    bool
	}{
		{"http://collector:4317", "", "api-key=x", true},
		{"", "http://10.0.0.1:4317", "api-key=x", true},
		{"http://collector:4317", "https://collector:4317", "api-key=x", true}, // the flag has the last word
		{"https://collector:4317", "http://collector:4317", "api-key=x", false},
		{"http://127.0.0.1:4317", "", "api-key=x", false},
		{"http://collector:4317", "", "", false},
	} {
		for _, name := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"} {
			t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "")
			t.Setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "")
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.generic)
			t.Setenv(name, c.headers)
			if err := keyInTheClear(c.endpoint); (fault.Of(err) == fault.Invalid) != c.refused {
				t.Errorf("%+v in %s: %v", c, name, err)
			}
		}
	}
}
