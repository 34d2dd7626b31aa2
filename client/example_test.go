package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hives/client"
	"hives/kind"
	hivesv1 "hives/proto/hives/v1"
)

// More texts than a request may hold are cut into requests; the answer is one. The server here is a stand-in whose
// vector of a text is its length and its last byte.
func Example() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server := grpc.NewServer()
	embedd := newFake()
	embedd.before = func(_ int, r *hivesv1.EmbedRequest) error {
		if r.Texts[0] == "" {
			return status.Error(codes.InvalidArgument, "text 0 is empty")
		}
		return nil
	}
	hivesv1.RegisterEmbedServiceServer(server, embedd)
	go server.Serve(listener)
	defer server.Stop()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := client.Dial(ctx, listener.Addr().String())
	if err != nil {
		panic(err)
	}
	defer c.Close()
	var texts []string
	for i := range 20 {
		texts = append(texts, fmt.Sprint("text ", i))
	}
	answer, err := c.EmbedAll(ctx, &hivesv1.EmbedRequest{Texts: texts})
	fmt.Println(c.Info().Limits.MaxTexts, len(answer.GetEmbeddings()), err)

	_, err = c.EmbedAll(ctx, &hivesv1.EmbedRequest{Texts: []string{""}})
	fmt.Println(errors.Is(err, kind.Invalid))
	// Output:
	// 8 20 <nil>
	// true
}
