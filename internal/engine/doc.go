// Package engine chooses, opens and checks the GoMLX backend that does the arithmetic.
//
// There are three engines. "cuda" and "cpu" are XLA behind a PJRT plugin, a shared library that
// scripts/install_pjrt.sh puts into the cache folder; "go" is GoMLX's pure-Go engine, which needs nothing
// but is several times slower. "auto" takes the first that works, in that order, and Choice says in one
// line what was taken and why.
//
// The package never downloads anything: GoMLX's own installer is switched off before a plugin is named.
// Open refuses a plugin whose SHA-256 is not the one recorded at its installation, one that cannot be
// loaded, and one that computes wrong numbers in a short self-test; every refusal names the remedy.
//
// A program asks for the engine once, keeps it for its lifetime and calls Close at its end. The number of
// threads is part of a run's identity, since sums may be cut differently: Threads belongs in run.json.
//
// What "auto" says on three machines:
//
//	engine cuda (XLA, PJRT 0.115, plugin …, 1 device(s), 16 threads)
//	engine cpu (XLA, PJRT 0.115, plugin …, 4 device(s), 2 threads); cuda passed over: no plugin or no GPU
//	engine go (pure Go, SIMD, 2 threads); cuda passed over: …; cpu passed over: no cpu plugin is installed …
package engine
