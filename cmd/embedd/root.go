package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/serve/daemon"
)

const long = `embedd serves the vectors of a model folder over gRPC: hives.v1.EmbedService, the services of
text-embeddings-inference for clients that exist, grpc.health.v1 and reflection.

It listens at once and says NOT_SERVING until the model is loaded, every shape compiled and a self-check
passed; nothing is compiled afterwards. A vector does not depend on what else is being embedded. Beyond the
queue a call is refused with RESOURCE_EXHAUSTED and the time after which to try again.

SIGTERM or Ctrl-C: NOT_SERVING, then all accepted calls are answered, then exit 0; before
the model is loaded they end the program at once, with 143 or 130. SIGHUP: load --model and
--vectors anew, compile, switch without failing a call; what cannot be loaded leaves the old model serving.
Both models are in memory meanwhile. An engine that is lost ends the program with exit 1.

Loopback needs no flag. Beyond it TLS and tokens are needed, or --insecure-no-tls and --insecure-no-auth.
--http-listen adds /v1/embeddings in OpenAI's shape; --admin-listen has figures, probes and a page with plots.

Every flag is also a variable (--max-texts is EMBEDD_MAX_TEXTS) and a key of --config FILE (max_texts); a flag
overrides the variable, the variable the file. "embedd config show --origin" prints them all.
The interface is described in proto/hives/v1, the rest in docs/EMBEDD.md.`

const examples = `  # serve the demo's model on this machine
  embedd --model out/demo/model

  # ask it for a vector
  grpcurl -plaintext -d '{"texts": ["I owe her the truth."]}' \
          127.0.0.1:50051 hives.v1.EmbedService/Embed

  # half the memory and more speed on a CPU with bf16, a cache, a longer queue
  embedd --model DIR --precision bf16 --cache-texts 100000 --max-queue-tokens 500000

  # tokens and TLS for other machines, and HTTP in OpenAI's shape
  embedd token --name evaluation >> tokens
  embedd --model DIR --listen :50051 --http-listen :8080 --tls-cert cert.pem --tls-key key.pem --tokens-file tokens

  # swap the model's folder, then
  kill -HUP $(pgrep embedd)`

// options are the flags; those named like a setting override it.
type options struct {
	config cli.ConfigFlags
	keys   map[string]string
}

func newRoot() *cobra.Command {
	o := &options{keys: map[string]string{}}
	root := &cobra.Command{
		Use: "embedd --model DIR", Long: long, Example: examples,
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

// load builds the effective settings.
func (o *options) load(fs *pflag.FlagSet) (daemon.Config, cli.Origins, error) {
	return cli.Load(daemon.Default(), o.config.Sources(fs, "EMBEDD", o.keys))
}
