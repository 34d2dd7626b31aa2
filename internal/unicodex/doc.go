// Package unicodex composes text to Unicode's form NFC without two faults of x/text/unicode/norm.
//
// That package looks a pair of runes up by their lower 16 bits, so U+10049 U+0307 becomes U+0130, and it
// puts a U+034F into a run of more than 30 combining marks. Both change the text. Its tables are right, and
// are used here; only the composition is done anew, and only for text that is not in NFC already.
//
// Why it matters here: Qwen's tokenizer wants NFC, and a text whose letters come out as others gets other ids and
// another vector, without any error.
package unicodex
