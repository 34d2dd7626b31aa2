package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/serve/daemon"
)

const long = `How do other programs get vectors from a model? embedd serves the vectors of a model folder over gRPC. ` +
	`It has
hives.v1.EmbedService, the services of text-embeddings-inference for clients that exist, health checks and reflection.

embedd listens at once. It says NOT_SERVING until the model is loaded, every shape is compiled and a self-check has
passed. Nothing is compiled afterwards. A vector does not depend on what else is being embedded. If the queue is full, a
call gets RESOURCE_EXHAUSTED and the time after which to try again.

SIGTERM or Ctrl-C ends it: it says NOT_SERVING, answers every call that it has accepted, and exits with 0. Before the
model is loaded they end it at once, with 143 or 130. SIGHUP loads --model and --vectors anew and switches without
failing a call. If the new ones cannot be loaded, the old ones stay. Meanwhile both are in memory. If the engine is
lost, embedd exits with 1.

On this machine (loopback) nothing more is needed. Beyond it, set up TLS and tokens, or waive them with
--insecure-no-tls and --insecure-no-auth. --http-listen adds /v1/embeddings in OpenAI's shape. --admin-listen serves
figures, probes and a page with plots.

--llm DIR serves a language model too, or alone: /v1/chat/completions and /v1/completions on --http-listen, whole or as
a stream, with log-probabilities, and with answers that keep to a JSON schema or a list of choices. SIGHUP leaves it as
it is.

Every flag is also a variable and a key of --config FILE. --max-texts is EMBEDD_MAX_TEXTS and max_texts. The flag
overrides the variable, and the variable overrides the file. "embedd config show --origin" prints all settings.
proto/hives/v1 describes the interface, docs/EMBEDD.md the rest.`

const examples = `  # serve the demo's model on this machine
  embedd --model out/demo/model

  # ask it for a vector
  grpcurl -plaintext -d '{"texts": ["I owe her the truth."]}' \
      127.0.0.1:50051 hives.v1.EmbedService/Embed

  # half the memory on a CPU with bf16, a cache, a longer queue
  embedd --model DIR --precision bf16 --cache-texts 100000 \
      --max-queue-tokens 500000

  # for other machines: tokens and TLS, and HTTP in OpenAI's shape
  embedd token --name evaluation >> tokens
  embedd --model DIR --listen :50051 --http-listen :8080 \
      --tls-cert cert.pem --tls-key key.pem --tokens-file tokens

  # a language model alone, for any program that speaks to OpenAI
  embedd --llm out/SmolLM2-135M-Instruct --http-listen 127.0.0.1:8080
  curl 127.0.0.1:8080/v1/chat/completions -H 'Content-Type: application/json' \
      -d '{"messages": [{"role": "user", "content": "What is a value?"}]}'

  # after the model's folder was replaced
  kill -HUP $(pgrep embedd)`

// options are the flags; those named like a setting override it. keys maps a flag's name to its setting and is
// filled by register.
type options struct {
	config cli.ConfigFlags
	keys   map[string]string
}

// newRoot is embedd itself: the root serves, and two commands below it help to set it up. OwnHangup keeps SIGHUP,
// which means "load anew" here, from ending the program. EndsItself is said by the daemon, once the model is there:
// until then nobody waits for an answer.
func newRoot() *cobra.Command {
	o := &options{keys: map[string]string{}}
	root := &cobra.Command{
		Use: "embedd --model DIR | --llm DIR", Long: long, Example: examples,
		Short: "Serve a model's vectors over gRPC", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, _, err := o.load(c.Flags())
			if err != nil {
				return err
			}
			cli.OwnHangup(c.Context())
			return daemon.Run(c.Context(), cfg, os.Stderr)
		},
	}
	o.register(root.PersistentFlags())
	root.AddCommand(configCommand(o), tokenCommand())
	cli.Program(root, engine.Installed, flagGroups)
	return root
}

// load builds the effective settings. Each source overrides the one before: defaults, file, environment, flags.
//
//	EMBEDD_MAX_TEXTS=64 embedd --config c.toml --max-texts 128     128, from --max-texts
//
// It checks no value against another: daemon.Run does, so config show can print settings that do not go together.
func (o *options) load(fs *pflag.FlagSet) (daemon.Config, cli.Origins, error) {
	return cli.Load(daemon.Default(), o.config.Sources(fs, "EMBEDD", o.keys))
}
