// Package soak ends training processes in every ugly way and checks that nothing of it shows in the end.
//
// A run of a small model is taken as it is, once. Then the same run is begun again and killed at random
// moments, between and during saves, stopped by SIGTERM, and has its newest checkpoint damaged, with
// --resume after each; when it ends, weights and metrics log must be those of the first run, byte for byte
// but for the seconds in the log. The caller brings the command that makes a training process.
package soak
