package schema

// quoted is a text of so many characters: valid UTF-8 or an escape. Half a surrogate pair is no character. Length is
// counted in characters, as JSON Schema has it: é is one, be it C3 A9 or \u00e9, and a pair of escapes that makes one
// character counts once.
//
// The ranges of bytes are those of Unicode's table of well-formed UTF-8: E0 80 80 would be a second spelling of a
// character of one byte, ED A0 80 half a pair, F4 90 80 80 beyond the last character.
func (c *compiler) quoted(least, most int) *node {
	tail := c.class(0x80, 0xBF)
	hex := c.class('0', '9', 'a', 'f', 'A', 'F')
	u := c.text(`\u`)
	character := c.alt(
		c.class(0x20, 0x21, 0x23, 0x5B, 0x5D, 0x7F),                 // but " and \
		c.seq(c.class(0xC2, 0xDF), tail),                            // U+0080 …
		c.seq(c.class(0xE0, 0xE0), c.class(0xA0, 0xBF), tail),       // U+0800 …
		c.seq(c.class(0xE1, 0xEC, 0xEE, 0xEF), tail, tail),          // U+1000 …
		c.seq(c.class(0xED, 0xED), c.class(0x80, 0x9F), tail),       // … U+D7FF
		c.seq(c.class(0xF0, 0xF0), c.class(0x90, 0xBF), tail, tail), // U+10000 …
		c.seq(c.class(0xF1, 0xF3), tail, tail, tail),                //
		c.seq(c.class(0xF4, 0xF4), c.class(0x80, 0x8F), tail, tail), // … U+10FFFF
		c.seq(c.text(`\`), c.class('"', '"', '\\', '\\', '/', '/', 'b', 'b', 'f', 'f', 'n', 'n', 'r', 'r', 't', 't')),
		c.seq(u, c.class('0', '9', 'a', 'c', 'A', 'C', 'e', 'f', 'E', 'F'), hex, hex, hex),
		c.seq(u, c.class('d', 'd', 'D', 'D'), c.class('0', '7'), hex, hex),
		c.seq(u, c.class('d', 'd', 'D', 'D'), c.class('8', '9', 'a', 'b', 'A', 'B'), hex, hex,
			u, c.class('d', 'd', 'D', 'D'), c.class('c', 'f', 'C', 'F'), hex, hex),
	)
	return c.seq(c.text(`"`), c.repeat(character, least, most), c.text(`"`))
}
