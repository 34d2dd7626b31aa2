// Package teiv1 is the gRPC interface of Hugging Face's text-embeddings-inference, for clients that speak
// it. Generated from tei.proto by make proto.
package teiv1
