// Package secure decides who may talk to embedd: certificates that are read again when their files change, bearer
// tokens of which only hashes are kept, and each token's quota.
//
// Certificates gives the TLS configuration of every listener. A changed file that cannot be used is logged and the
// certificate in use stays. Own code rather than grpc's pemfile, which writes the private key into its log when key
// and certificate do not belong together.
//
// Tokens holds the lines of a tokens file:
//
//	name sha256:HEX [tokens_per_second=N] [streams=N]
//
// A token is looked up by its SHA-256, compared with every line in constant time. A token that is made by New has
// 130 random bits, so a slow hash would add nothing. The quota lets a request in while its balance is above 0 and
// charges the exact number of text tokens afterwards; a debt is paid by waiting.
//
// Nothing here logs a token, nor the file's hashes.
//
// What a call meets, in this order:
//
//	TLS           the certificate as its files are now; with a client CA, one of the client's too
//	the token     Authorization: Bearer …, looked up by its hash
//	streams       as many as the token may have open
//	the quota     when the request's texts are known, before they are tokenised
package secure
