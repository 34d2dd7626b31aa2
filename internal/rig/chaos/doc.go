// Package chaos mistreats embedd processes as the world does, and checks that nobody else suffers.
//
// Barrage sends strange messages to every method; Abuse holds connections that never read, never finish or go away
// in the middle; Attack is what one caller does to take more than its part; Overwrite writes to the model's files
// while the daemon reloads; Rolling kills one of several daemons and drains another under load. In all of them a
// well-behaved client goes on asking, and each of its answers must be right: that is what "alive" means here.
//
// Everything is drawn from a seed, so that a message that broke something can be sent again: errors name the seed
// and the number of the message. Times are not: which call is under way at a kill is another one each time. The
// caller brings the daemons; the tests that call all this are those of cmd/embedd (TestChaos…), and
// docs/RELIABILITY.md has what came of it.
//
// Where to begin: malformed.go and barrage.go (one strange message), http.go (the same as JSON), abuse.go
// (connections), attacks.go (one caller too many), overwrite.go (files), rolling.go (processes).
package chaos
