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
package share
