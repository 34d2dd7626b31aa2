// Package strictjson decodes one JSON object and refuses what encoding/json passes over in silence: a key that stands
// twice, of which the last would count; a key in another case, which would be taken for the field; half a surrogate
// pair or a byte that is not UTF-8, which would become U+FFFD.
//
// Errors say what is wrong without repeating a value. Keys that are not asked for may hold anything.
//
// It serves rows of data and requests over HTTP alike: both come from programs that nobody here has seen.
package strictjson
