package embedder

import (
	"github.com/spf13/pflag"

	"hives/internal/engine"
)

// Register adds the flags of every command that embeds. Commands that embed therefore have the same flags with the
// same words.
func (o *Options) Register(f *pflag.FlagSet) {
	f.StringVar(&o.Model, "model", "", "model folder; it is only read")
	o.RegisterEndpoint(f)
	f.StringVar(&o.Precision, "precision", "f32", "f32, mixed (bf16 operands), mixed16 (f16 operands) or bf16 "+
		"(all of it; quicker, differs by about 1e-2)")
	f.StringVar(&o.Engine, "engine", "", engine.FlagUsage)
	RegisterMaxLength(f, &o.MaxLength)
	f.IntVar(&o.Threads, "threads", 0, "threads of one computation; 0 takes one for each core")
}

// RegisterMaxLength adds the flag of commands that load model folders.
func RegisterMaxLength(f *pflag.FlagSet, length *int) {
	f.IntVar(length, "max-length", 0, "longest text in tokens, the end token included; longer texts are cut. 0 "+
		"takes what the model's files say, else at most 2,048")
}

// RegisterEndpoint adds the flags that concern an endpoint alone.
func (o *Options) RegisterEndpoint(f *pflag.FlagSet) {
	f.StringVar(&o.Endpoint, "endpoint", "", "embed at this address instead of here: grpc://host:port (embedd; "+
		"grpcs:// for TLS) or http://host:port/v1 (OpenAI's shape)")
	f.StringVar(&o.EndpointModel, "endpoint-model", "", "name of the model at an http endpoint")
	f.StringVar(&o.KeyEnv, "api-key-env", "", "environment variable that holds the endpoint's bearer token")
	f.StringVar(&o.CA, "endpoint-ca", "", "PEM file of the authority that signed a grpcs endpoint's certificate")
}
