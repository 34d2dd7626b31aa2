package secure

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"hives/internal/fault"
)

// Entry is a line of a tokens file.
type Entry struct {
	Name            string
	Hash            [sha256.Size]byte
	TokensPerSecond float64 // of texts; 0 for no quota
	Streams         int     // open at once; 0 for no bound
}

// String is the line.
func (e Entry) String() string {
	s := fmt.Sprintf("%s sha256:%x", e.Name, e.Hash)
	if e.TokensPerSecond > 0 {
		s += " tokens_per_second=" + strconv.FormatFloat(e.TokensPerSecond, 'g', -1, 64)
	}
	if e.Streams > 0 {
		s += fmt.Sprintf(" streams=%d", e.Streams)
	}
	return s
}

// New makes a token, which is kept nowhere, and fills in the entry's hash. It is printed once; whoever loses it
// makes another. The line is parsed before it is handed out, so a name that the file could not hold is refused here
// and not at the next start.
func New(e Entry) (token string, _ Entry, err error) {
	token = "embedd_" + rand.Text()
	e.Hash = sha256.Sum256([]byte(token))
	if _, err := parseLine(e.String()); err != nil {
		return "", e, err
	}
	return token, e, nil
}

// parse reads a tokens file. Lines that are empty or begin with # are passed over. One bad line refuses the whole
// file: a server that took the others would lock somebody out without a word.
//
//	# who           which token                    what it may take
//	evaluation      sha256:767f09f3ccdd…           tokens_per_second=20000 streams=4
//	dashboard       sha256:0c1b5d8f4cf7…
func parse(path string, content []byte) ([]Entry, error) {
	var out []Entry
	names := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		e, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("tokens file %s, line %d: %w", path, n, err)
		}
		if names[e.Name] {
			return nil, fault.New(fault.Invalid, "tokens file %s, line %d: the name %s stands there already", path, n,
				e.Name)
		}
		names[e.Name] = true
		out = append(out, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fault.New(fault.Invalid, "tokens file %s: %w", path, err)
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "tokens file %s holds no token: embedd token --name NAME makes one", path)
	}
	return out, nil
}

// parseLine never quotes the line: somebody may have pasted a token into it. Names are kept to a few letters and
// signs, as they become labels of figures and fields of the log.
func parseLine(line string) (e Entry, err error) {
	fields := strings.Fields(line)
	if len(fields) < 2 || strings.Trim(strings.ToLower(fields[0]), "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return e, fault.New(fault.Invalid, "want: name sha256:HEX, the name of letters, digits, - _ and .")
	}
	hash, _ := strings.CutPrefix(fields[1], "sha256:")
	if n, err := hex.Decode(e.Hash[:], []byte(hash[:min(len(hash), 2*sha256.Size)])); err != nil ||
		n != sha256.Size || len(hash) != 2*sha256.Size {
		return e, fault.New(fault.Invalid, "want 64 hexadecimal digits after sha256:, the hash and not the token "+
			"itself")
	}
	e.Name = fields[0]
	for _, field := range fields[2:] {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "tokens_per_second":
			e.TokensPerSecond, err = strconv.ParseFloat(value, 64)
		case "streams":
			e.Streams, err = strconv.Atoi(value)
		default:
			err = strconv.ErrSyntax
		}
		if err != nil || e.TokensPerSecond < 0 || e.TokensPerSecond > 1e12 ||
			e.TokensPerSecond != e.TokensPerSecond || e.Streams < 0 {
			return e, fault.New(fault.Invalid, "want tokens_per_second=N and streams=N after the hash, 0 or more")
		}
	}
	return e, nil
}
