// Package client calls embedd from Go.
//
// Dial asks the server for its limits, so that EmbedAll can cut any number of texts into requests the server takes, and
// sends a few of them at once; Stream is for corpora. Value vectors are asked for by Client.Values, intensities by
// Client.Intensity, profiles by Client.Profiles. Calls are spread over all addresses that the target's name has. What
// is tried again, how often and after what pause is ServiceConfig, which other languages can use as it stands; beyond
// it, a server that is full is given the time it asks for.
//
//	c, err := client.Dial(ctx, "dns:///embedd.example:50051", client.WithTokenFile("/run/token"))
//	defer c.Close()
//	answer, err := c.EmbedAll(ctx, &hivesv1.EmbedRequest{Texts: texts})
//	// answer.Embeddings[i] is the vector of texts[i], however many requests it took
//
// Where to begin: client.go (the connection), embed.go (cutting and joining), stream.go (a corpus over connections that
// break), errors.go (kinds, pauses), options.go (addresses, tokens).
//
// Errors have the kinds (package kind) that they had in the server, and still gRPC statuses: Reason tells the
// server's own name for one. They never hold a text. A Client is safe for concurrent use.
package client
