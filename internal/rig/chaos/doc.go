// Package chaos mistreats embedd processes as the world does, and checks that nobody else suffers.
//
// Barrage sends strange messages to every method; Abuse holds connections that never read, never finish or go away in
// the middle; Attack is what one caller does to take more than its part; Overwrite writes to the model's files while
// the daemon reloads; Rolling kills one of several daemons and drains another under load. In all of them a well-behaved
// client goes on asking, and each of its answers must be right: that is what "alive" means here.
//
// Everything is drawn from a seed. The caller brings the daemons.
package chaos
