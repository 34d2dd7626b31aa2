package judge

import (
	"errors"
	"strings"
	"unicode"
)

// errNoObject is the reason of an answer in which no object was found.
var errNoObject = errors.New("no JSON object in the answer")

// maxNesting bounds an answer's depth, so that a hostile one cannot exhaust the stack. It is far beyond any answer
// that is asked for, which has a depth of two.
const maxNesting = 32

// Repair reads the first object of an answer that is JSON or nearly so: in a code fence, amid prose, with
// single, curly or no quotation marks, comments' worth of trailing commas, Python's True, False and None, or cut off
// at its end. Values come out as string, bool, nil, []any and map[string]any; numbers stay strings.
func Repair(answer string) (map[string]any, error) {
	start := strings.IndexByte(answer, '{')
	if start < 0 {
		return nil, errNoObject
	}
	p := &lenient{in: []rune(answer[start:])}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	return v.(map[string]any), nil // the first rune is a brace
}

// lenient is a recursive descent over JSON that forgives. It forgives form, never content: no name or value is guessed,
// and where two readings are possible (a name twice, a list that does not end) there is none.
//
//	Sure! ```json {'choice': 'don't know', }```   choice: don't know   a quote closes where , : } ] follows
//	{choice: care/harm, because: "he hit        choice: care/harm    cut off in the reason, which nobody reads
//	{"choice": True}                              choice: true         Python's word
//	{"choice": "a", "choice": "b"}                none                 which of them?
//	I choose care.                                none                 no object
//
// Numbers stay strings, so that "1" and 1 are one answer and 1e400 is no infinity.
type lenient struct {
	in []rune
	at int
}

// errNesting ends an answer of brackets.
var errNesting = errors.New("the answer nests too deep")

// peek skips white space and returns the next rune, 0 at the end.
func (p *lenient) peek() rune {
	for p.at < len(p.in) && unicode.IsSpace(p.in[p.at]) {
		p.at++
	}
	if p.at == len(p.in) {
		return 0
	}
	return p.in[p.at]
}

// value reads what stands next: an object, a list, a quoted text, or a bare word. depth counts the brackets around it.
func (p *lenient) value(depth int) (any, error) {
	if depth > maxNesting {
		return nil, errNesting
	}
	switch r := p.peek(); {
	case r == '{':
		return p.object(depth)
	case r == '[':
		return p.array(depth)
	case closing(r) != 0:
		return p.quoted(), nil
	}
	return named(p.word("")), nil
}

// object reads pairs until its brace closes or the answer ends. A comma too many is passed over; a name without a value
// is refused, since it may be prose in braces.
func (p *lenient) object(depth int) (any, error) {
	out := map[string]any{}
	p.at++
	for {
		switch r := p.peek(); {
		case r == 0:
			return out, nil // cut off
		case r == '}':
			p.at++
			return out, nil
		case r == ',':
			p.at++
			continue
		}
		key := p.key()
		if p.peek() != ':' {
			return nil, errors.New("an object's name without a value")
		}
		p.at++
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if _, twice := out[key]; twice {
			return nil, errors.New("an object says the same name twice")
		}
		out[key] = v
	}
}

// array reads values until its bracket closes or the answer ends. A brace or a colon in it means that the list was not
// closed and something else has begun: where it ended cannot be known.
func (p *lenient) array(depth int) (any, error) {
	out := []any{}
	p.at++
	for {
		switch r := p.peek(); {
		case r == 0:
			return out, nil
		case r == ']':
			p.at++
			return out, nil
		case r == ',':
			p.at++
			continue
		case r == '}' || r == ':':
			return nil, errors.New("a list that does not end")
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
}

// key is an object's name, quoted or not.
func (p *lenient) key() string {
	if closing(p.peek()) != 0 {
		return p.quoted()
	}
	return p.word(":")
}

// closing returns the mark that ends what r begins, 0 for runes that begin no string.
func closing(r rune) rune {
	switch r {
	case '"', '\'':
		return r
	case '“', '”', '„':
		return '”'
	case '‘':
		return '’'
	}
	return 0
}

// escapes of JSON; a backslash before any other character stands for that character.
var escapes = map[rune]rune{'n': '\n', 't': '\t', 'r': '\r', 'b': '\b', 'f': '\f'}

// quoted reads a text from its opening mark to the one that closes it, escapes undone.
func (p *lenient) quoted() string {
	end := closing(p.in[p.at])
	p.at++
	var b strings.Builder
	for ; p.at < len(p.in); p.at++ {
		r := p.in[p.at]
		switch {
		case r == '\\' && p.at+1 < len(p.in):
			p.at++
			if p.in[p.at] == 'u' {
				b.WriteRune(p.unicode())
			} else if mapped, ok := escapes[p.in[p.at]]; ok {
				b.WriteRune(mapped)
			} else {
				b.WriteRune(p.in[p.at])
			}
		case r == end && (r != '\'' || p.ends()):
			p.at++
			return b.String()
		default:
			b.WriteRune(r)
		}
	}
	return b.String() // cut off
}

// ends tells a closing single quote from an apostrophe: what follows must be able to follow a string.
func (p *lenient) ends() bool {
	for _, r := range p.in[p.at+1:] {
		if !unicode.IsSpace(r) {
			return strings.ContainsRune(",:}]", r)
		}
	}
	return true
}

// unicode reads the four digits of an escape and stands on the last of them. A character beyond U+FFFF takes two
// escapes, each a half that is no character: it comes out as two U+FFFD.
func (p *lenient) unicode() rune {
	var v rune
	for n := 0; n < 4 && p.at+1 < len(p.in); n++ {
		digit := strings.IndexRune("0123456789abcdef", unicode.ToLower(p.in[p.at+1]))
		if digit < 0 {
			break
		}
		v = v<<4 | rune(digit)
		p.at++
	}
	return v
}

// word is everything up to a mark of structure or the line's end.
//
//	choice: care/harm, because     in {choice: care/harm, because: …} a key ends at its colon, a value at the comma
func (p *lenient) word(also string) string {
	start := p.at
	for p.at < len(p.in) && !strings.ContainsRune(",}]\n"+also, p.in[p.at]) {
		p.at++
	}
	return strings.TrimSpace(string(p.in[start:p.at]))
}

// named turns the bare words of JSON and Python into values. Case does not matter: TRUE and True are as common as
// true. A value that is called "none" must be asked for quoted.
func named(word string) any {
	switch strings.ToLower(word) {
	case "true":
		return true
	case "false":
		return false
	case "null", "none":
		return nil
	}
	return word
}
