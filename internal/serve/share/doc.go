// Package share divides what a server has among those who call it.
//
// A Pool is so many places: calls, streams, bytes under way, turns at the processor. A caller may hold at most three
// times as many as are free. So one caller alone gets three quarters of them, two callers three sevenths each, and
// there is room for whoever comes next, however many calls the others make.
//
// A Listener bounds connections by the same rule, by host. Where there is no room, the connection that has been idle
// for longest makes way, of the host that has most. Thus idle connections cannot shut anybody out, and only one who
// comes while all of its host's connections are at work is turned away.
//
// The caller is a name that the server chose: that of a token, else the host that the connection came from.
//
// An example with 64 places for bulk streams. Ann opens as many as she can:
//
//	she holds 47, asks for one more   48 ≤ 3 · 17 free: yes
//	she holds 48, asks again          49 > 3 · 16: her part is used up
//	Bob asks                          16 are free, and he holds none: yes
//	Ann closes 20                     she may open some again
package share
