// Package theories holds the value theories: their hierarchies, what each value means, and which paths a name
// stands for.
//
// Where to begin: tree.go (paths, nodes, twins), lookup.go (from a name to a node, and what is near a wrong one),
// define.go (definitions), own.go (theories of a user), set.go (the theories that a program knows).
//
// Four are embedded: svt (Schwartz values, three levels), mft (moral foundations, two), duty (Ross, one) and
// right (human rights, three). They are checked when they are first used; a bad file is a bug of this repository
// and panics. A user's own theory comes from a file (LoadFile, Load), passes the same checks and is then accepted
// wherever a Set that holds it is passed.
//
// Every value has exactly one definition, in our own words, with the works it rests on. No definition is left
// over and no two are alike.
//
// A path is coarse to fine, empty where it ends; it may end at any level, since annotators stop there. Names
// are compared by their slug, so "Self-direction: thought" and "self-direction:thought" are one node.
//
// Three values of svt stand under two parents. One parent is canonical, and rows carry it:
//
//	hedonism  openness to change   shares both motives; Schwartz's samples put it nearer to openness
//	humility  conservation         was an item of tradition before the refined theory made it a value
//	face      self-enhancement     was an item of power (preserving one's public image)
//
// AltPaths gives the other path, which samplers and text-level metrics accept as equal. A value has one
// definition, under its canonical path.
package theories
