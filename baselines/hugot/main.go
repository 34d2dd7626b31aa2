// Command hugot serves a text encoder in ONNX form by knights-analytics/hugot behind hives.v1.EmbedService: a second
// opinion on vectors, from code that shares nothing with ours but the interface. It is a module of its own because
// hugot needs an older GoMLX.
//
//	hugot --model DIR --onnx FILE [--listen 127.0.0.1:7071] [--max-length 256]
//
// DIR holds tokenizer.json and config.json of a BERT-like encoder; vectors are means over tokens, as
// sentence-transformers/all-MiniLM-L6-v2 wants them. See README.md for what is not served.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc"

	hivesv1 "hives/baselines/hugot/hives/v1"
)

// config are the flags. Lengths are in tokens, [CLS] and [SEP] included.
type config struct {
	model, onnx, listen string
	maxLength           int
}

// main is small on purpose: the program stands for others' code, and ours in it must be seen at a glance.
func main() {
	var c config
	flag.StringVar(&c.model, "model", "", "folder of tokenizer.json and config.json")
	flag.StringVar(&c.onnx, "onnx", "", "the encoder as an ONNX file")
	flag.StringVar(&c.listen, "listen", "127.0.0.1:7071", "address to serve at")
	// 256 as in sentence-transformers' own folder of the model, which has 512 positions.
	flag.IntVar(&c.maxLength, "max-length", 256, "tokens a text, at most what config.json allows")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, c); err != nil {
		fmt.Fprintln(os.Stderr, "hugot:", err)
		os.Exit(1)
	}
}

// run serves until a signal, and then answers what it has accepted. It is plain gRPC on one address: no TLS, no
// tokens, no limits, since it stands on a bench beside the daemon that is measured.
func run(ctx context.Context, c config) error {
	if c.model == "" || c.onnx == "" || flag.NArg() > 0 {
		return fmt.Errorf("give --model DIR and --onnx FILE, and nothing else")
	}
	m, err := open(ctx, c)
	if err != nil {
		return err
	}
	defer m.Close()
	listener, err := net.Listen("tcp", c.listen)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	hivesv1.RegisterEmbedServiceServer(server, newService(m, m.version))
	// Serve returns nil once GracefulStop has ended it.
	context.AfterFunc(ctx, server.GracefulStop)
	fmt.Fprintf(os.Stderr, "hugot: %s at %s\n", m.version.Name, listener.Addr())
	return server.Serve(listener)
}
