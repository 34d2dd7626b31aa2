package embedder

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"strings"

	"hives/client"
	"hives/encoder"
	"hives/encoder/local"
	"hives/encoder/openai"
	"hives/encoder/remote"
	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/whatis"
	"hives/model/folder"
)

// Options name what embeds; exactly one of Model and Endpoint is set.
//
// Two forms of one thing:
//
//	--model out/demo/model                              here, on this machine's engine
//	--endpoint grpc://127.0.0.1:50051                   a running embedd
//	--endpoint http://host:8080/v1 --endpoint-model m   any server of OpenAI's shape
type Options struct {
	Model    string // model folder
	Endpoint string // grpc://, grpcs:// or dns:/// for embedd; http:// or https:// up to /v1 for OpenAI's shape

	EndpointModel string // name of the model at an HTTP endpoint
	KeyEnv        string // name of the environment variable with the bearer token
	CA            string // PEM file of the authority of grpcs://; empty takes the system's

	Precision  string // of a model folder
	Engine     string
	Threads    int
	MaxLength  int // tokens a text of a model folder; 0 as its files say
	Dimensions int // numbers of each vector that are kept; 0 keeps all
}

// Embedder is an encoder that knows its model before its first text, though an HTTP endpoint's hashes and dimension
// never. It is told before the first text so that a file of vectors can be refused before anything is computed for
// it.
type Embedder interface {
	encoder.Encoder
	Identity() encoder.Identity
}

// Validate refuses what does not go together. A flag that would have no effect is refused: who gives --precision to
// an endpoint believes that it is followed.
func (o Options) Validate() error {
	switch {
	case (o.Model == "") == (o.Endpoint == ""):
		return fault.Usage(fault.New(fault.Invalid, "give either --model or --endpoint"))
	case o.Endpoint == "" && (o.EndpointModel != "" || o.KeyEnv != "" || o.CA != ""):
		return fault.Usage(fault.New(fault.Invalid, "--endpoint-model, --api-key-env and --endpoint-ca belong to "+
			"--endpoint"))
	case o.Endpoint != "" &&
		(o.Precision != "" && o.Precision != "f32" || o.Engine != "" || o.Threads != 0 || o.MaxLength != 0):
		return fault.Usage(fault.New(fault.Invalid, "--precision, --engine, --threads and --max-length belong to "+
			"--model: an endpoint has its own"))
	case o.http() && o.EndpointModel == "":
		return fault.Usage(fault.New(fault.Invalid, "--endpoint %s needs --endpoint-model, the model's name there",
			o.Endpoint))
	}
	return nil
}

// http tells OpenAI's shape from gRPC by the address alone.
func (o Options) http() bool {
	return strings.HasPrefix(o.Endpoint, "http://") || strings.HasPrefix(o.Endpoint, "https://")
}

// Open opens it; close frees it and ends its progress line. What the engine is goes to log. Whoever opens one owes
// close, also after an error of its own work.
func Open(ctx context.Context, o Options, log io.Writer) (e Embedder, close func(), err error) {
	if err := o.Validate(); err != nil {
		return nil, nil, err
	}
	// The key is named by its variable and never given as a flag: command lines stand in histories and process
	// lists.
	key, err := o.key()
	switch {
	case err != nil:
		return nil, nil, err
	case o.http():
		enc, err := openai.New(o.Endpoint, openai.Options{Model: o.EndpointModel, Key: key, Dimensions: o.Dimensions})
		return enc, func() {}, err
	case o.Endpoint != "":
		return o.remote(ctx, key)
	}
	return o.local(ctx, log)
}

// key reads the token; its value goes nowhere but into the requests.
func (o Options) key() (string, error) {
	if o.KeyEnv == "" {
		return "", nil
	}
	key := os.Getenv(o.KeyEnv)
	if key == "" {
		return "", fault.New(fault.NotFound, "the environment variable %s is empty: put the endpoint's token there",
			o.KeyEnv)
	}
	return key, nil
}

// remote dials embedd. Its model is asked for at once, so a wrong address is known before any text is read.
func (o Options) remote(ctx context.Context, key string) (Embedder, func(), error) {
	var opts []client.Option
	if key != "" {
		opts = append(opts, client.WithToken(key))
	}
	if o.CA != "" {
		pem, err := fsutil.ReadRegular(o.CA)
		if err != nil {
			return nil, nil, fault.New(fault.NotFound, "--endpoint-ca: %w", err)
		}
		// Only this authority counts then: a server that the system would trust and this file does not name is
		// refused.
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, nil, fault.New(fault.Invalid, "--endpoint-ca: %s holds no certificate in PEM", o.CA)
		}
		opts = append(opts, client.WithTLS(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}))
	}
	r, err := remote.Open(ctx, o.Endpoint, o.Dimensions, opts...)
	if err != nil {
		return nil, nil, err
	}
	return r, func() { r.Close() }, nil
}

// local opens an engine and the model folder on it. What is opened is closed in the opposite order: the model's
// weights lie in the engine's memory.
func (o Options) local(ctx context.Context, log io.Writer) (Embedder, func(), error) {
	if err := whatis.Model(o.Model); err != nil {
		return nil, nil, err // before an engine is opened for it
	}
	eng, err := engine.Open(ctx, engine.Options{Kind: engine.Kind(o.Engine), Threads: o.Threads})
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintln(log, eng.Choice)
	bar := cli.NewProgress("embed", "texts", 0, 0)
	bar.Phase("loading and compiling") // until the first batch is back
	last := 0
	enc, err := local.Open(o.Model, eng.Backend, string(eng.Name), local.Options{
		Precision: o.Precision, Dimensions: o.Dimensions, MaxLength: o.MaxLength, Threads: eng.Threads,
		Progress: func(done, _ int) { // of one call: the next one counts from 0 again
			if done < last {
				last = 0
			}
			bar.Add(int64(done - last))
			last = done
		},
	})
	if err != nil {
		bar.Drop()
		eng.Close()
		return nil, nil, err
	}
	if warning := enc.Length().Warning(); warning != "" {
		bar.Print("%s", warning)
	}
	if name, err := folder.DefaultPrompt(o.Model); err == nil && name != "" {
		bar.Print("the model's files ask for the prompt %q before every text (default_prompt_name); none is put "+
			"there here unless it is given", name)
	}
	return enc, func() {
		bar.Close()
		enc.Close()
		eng.Close()
	}, nil
}
