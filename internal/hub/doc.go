// Package hub brings a model's files from a hub of the Hugging Face kind into a model folder: an existing hub cache
// is read where it has them, the rest comes over HTTP in parallel ranges, and every byte is held to the hash that the
// hub announced before the folder appears under its name.
//
// The caller owes an id, a folder that is absent, empty or of an earlier download, and a context to stop with. What
// came before a stop, a cut or a full disk stays beside the folder (FORMAT.md) and the same call goes on from there.
//
//	settings.go   which hub, which token, which cache: the environment
//	plan.go       what is to come, and from where; names.go and listing.go say what a hub may claim
//	download.go   the run as a whole; target.go and staging.go are the two folders on the disk
//	transfer.go   one file in ranges; part.go says which bytes are there; retry.go when to ask again
//	client.go     one request: the token, redirects, silence; status.go what a refusal means
//
// Nothing that a server says is trusted further than its check: names that could leave the folder, commits, sizes,
// ranges and bytes other than announced end the download, and so does a symlink where a file is to be written. The
// token goes to the endpoint's own host and nowhere else: not to where it redirects, not into an error or a file.
//
// The downloader of go-huggingface is not used: it has no ranges, throws a part away when a transfer stops, tries
// once, compares no hash, and writes into the shared cache by symlinks (docs/DOWNLOAD.md).
//
// A download that is stopped twice, of a file of 1.2 GB:
//
//	start 1     list, plan; 36 ranges of 32 MB over 8 connections; Ctrl-C after 400 MB
//	            .NAME.partial/parts/KEY.part and KEY.json say which bytes are there
//	start 2     the same list; 400 MB are there already; the network is gone for a night
//	            8 tries without a megabyte between them: it ends, with what came kept
//	start 3     the rest; SHA-256 over the whole file; NAME appears
package hub
