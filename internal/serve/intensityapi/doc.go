// Package intensityapi serves hives.v1alpha1.IntensityService: how strongly responses support a value, by where judges
// put them among texts of known score.
//
// What a score is, package vidb says; this package is the way to it: a request is checked, what it would take is known
// before anybody is asked, its caller gets room or is refused, and the answer goes back.
//
//	api := intensityapi.New(intensityapi.Options{VIDB: "vidb.db", Judges: cfg, Votes: "votes.db", …})
//	options.Begin = append(options.Begin, api.Open)               // database read, judges seated
//	options.Register = append(options.Register, api.Register)
//	base, err := api.Read()                                       // at a reload: read first,
//	api.Take(base)                                                // and take when nothing can fail any more
//	api.Close()                                                   // after the last call
//
// It needs no model of the server's: the judges are models of their own, behind endpoints or on this machine. The
// database stands beside the served model as the value vectors do, and is read anew with it.
//
// Invariants: a call sees one database from its beginning to its end. No response, id or group is in an error or a log.
// An answer that a judge gave is kept before it counts, so nothing is paid for twice, also when a call is broken off.
package intensityapi
