package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/rig/clitest"
)

// execute runs embedd with arguments and returns what it printed.
func execute(args ...string) (string, error) {
	var out bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetArgs(args)
	err := cli.Command(root)(context.Background())
	return out.String(), err
}

func TestHelpTeaches(t *testing.T) {
	out, err := execute("--help")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"--model", "SIGHUP", "SIGTERM", "RESOURCE_EXHAUSTED", "EMBEDD_MAX_TEXTS", "grpcurl",
		"--llm", "--insecure-no-tls"} {
		if !strings.Contains(out, word) {
			t.Errorf("--help does not mention %s", word)
		}
	}
}

// TestEveryFlagIsAVariable sets each flag's variable to the flag's own default and expects it as the origin.
func TestEveryFlagIsAVariable(t *testing.T) {
	newRoot().PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "config" || f.Name == "set" {
			return
		}
		name := "EMBEDD_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		t.Setenv(name, f.DefValue)
		out, err := execute("config", "show", "--origin")
		if err != nil || !strings.Contains(out, "# "+name) {
			t.Errorf("--%s: %s is not the origin of any setting (%v)", f.Name, name, err)
		}
	})
}

func TestRefusedCommandLines(t *testing.T) {
	for _, c := range []struct {
		name, says string
		args       []string
	}{
		{"no model", "--model DIR", nil},
		{"an unknown flag", "no-such", []string{"--no-such"}},
		{"an argument", "unknown command", []string{"serve"}},
		{"beyond loopback in plaintext", "--insecure-no-tls", []string{"--model", "m", "--listen", "0.0.0.0:0"}},
		{"beyond loopback without tokens", "--insecure-no-auth", []string{"--model", "m", "--listen", ":0",
			"--insecure-no-tls"}},
		{"HTTP beyond loopback in plaintext", "--insecure-no-tls", []string{"--model", "m", "--http-listen", "0.0.0.0:0"}},
		{"figures beyond loopback without tokens", "--insecure-no-auth", []string{"--model", "m", "--admin-listen", ":0",
			"--insecure-no-tls"}},
		{"tokens in plaintext beyond loopback", "plaintext", []string{"--model", "m", "--listen", ":0", "--tokens-file", "t",
			"--insecure-no-tls"}},
		{"a certificate without its key", "--tls-key", []string{"--model", "m", "--tls-cert", "c"}},
		{"clients' certificates without TLS", "--client-ca", []string{"--model", "m", "--client-ca", "c"}},
		{"a token for nobody", "name", []string{"token"}},
		{"a queue that one request fills", "twice", []string{"--model", "m", "--max-queue-tokens", "70000"}},
		{"no texts", "0 texts", []string{"--model", "m", "--max-texts", "0"}},
		{"an unknown level", "log level", []string{"--model", "m", "--log-level", "loud"}},
		{"a language model for nobody", "--http-listen", []string{"--llm", "m"}},
		{"a language model's name without one", "--llm DIR", []string{"--model", "m", "--llm-name", "x"}},
		{"an embedder's vectors without one", "--model DIR", []string{"--llm", "m", "--http-listen", "127.0.0.1:0",
			"--vectors", "v"}},
		{"a template of nobody", "chatml", []string{"--llm", "m", "--http-listen", "127.0.0.1:0", "--llm-template", "x"}},
		{"no answer at once", "--llm-rows", []string{"--llm", "m", "--http-listen", "127.0.0.1:0", "--llm-rows", "0"}},
		{"a precision for vectors alone", "--precision", []string{"--llm", "m", "--http-listen", "127.0.0.1:0",
			"--precision", "mixed16"}},
		{"a negative time to answer", "llm_timeout", []string{"--model", "m", "--llm-timeout", "-1s"}},
		{"a negative time", "drain_delay", []string{"--model", "m", "--drain-delay", "-1s"}},
	} {
		_, err := execute(c.args...)
		if fault.ExitCode(err) != fault.ExitUsage || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: exit code %d, %v; want a usage mistake that says %q", c.name, fault.ExitCode(err), err, c.says)
		}
	}
}

func TestEveryCommandTeaches(t *testing.T) { clitest.Help(t, newRoot) }
