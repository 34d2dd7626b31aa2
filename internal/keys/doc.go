// Package keys says of every key of another program's file what becomes of it here: it is understood, it changes no
// vector, or what it asks for is not computed and it is refused by name. A key in none of the three lists is refused
// too: a program that reads over what it does not know makes vectors that nobody else gets from the same files.
//
// Each format has one Table, beside the code that reads it. Check holds a decoded file against it.
//
// Why not read over what is unknown? Take rope_scaling of a config.json: a program that passes it over turns
// positions by other angles than the model was trained with, gets other vectors, and tells nobody.
package keys
