// Package soak ends training processes in every ugly way and checks that nothing of it shows in the end.
//
// A run of a small model is taken as it is, once. Then the same run is begun again and killed at random moments,
// between and during saves, stopped by SIGTERM, and has its newest checkpoint damaged, with --resume after each;
// when it ends, weights and metrics log must be those of the first run, byte for byte but for the seconds in the
// log. The caller brings the command that makes a training process.
//
// What that finds: a save that is not whole when it says so, a position of the sampler that is one step off after a
// resume, a log with a line twice or missing, a moment that was not restored, a lock that a killed process leaves
// behind.
//
// Where to begin: soak.go (what is done, in which order), process.go (a process and its saves), damage.go,
// compare.go, tiny.go (a run that takes seconds).
package soak
