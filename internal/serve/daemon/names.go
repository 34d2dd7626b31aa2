package daemon

import (
	"strings"

	"hives/internal/fault"
)

// names are what the model is called: the first of --name and its aliases, else fallback. Replies always have the
// first name. Aliases are for programs that have a model's name built in.
//
//	--name ""                          the folder's name, no alias
//	--name hives                       hives
//	--name "hives, text-embedding-1"   hives, and text-embedding-1 is understood as well
//	--name "hives,"                    Invalid: a comma too many
func (c Config) names(fallback string) (name string, aliases []string, err error) {
	if c.Name == "" {
		return fallback, nil, nil
	}
	all := strings.Split(c.Name, ",")
	for i, n := range all {
		if all[i] = strings.TrimSpace(n); all[i] == "" {
			return "", nil, fault.New(fault.Invalid, "name %q: want a name, or several with commas between them",
				c.Name)
		}
	}
	return all[0], all[1:], nil
}

// commas splits a list; an empty one has nothing in it.
// Unlike names it passes over empty parts: a list of web origins that ends in a comma means what it says.
func commas(list string) (all []string) {
	for _, one := range strings.Split(list, ",") {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}
