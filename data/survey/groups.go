package survey

import (
	"strings"
	"unicode"
)

// Group is people who share an attribute.
type Group struct {
	Category string `json:"category"` // POLPARTY
	Label    string `json:"label"`    // Democrat
	Aloud    string `json:"-"`        // a Democrat: how a prompt addresses one of them
}

// Attribute is the group's name in the published list: POLPARTY_Democrat.
func (g Group) Attribute() string { return g.Category + "_" + g.Label }

// Slug is the name of a file about the group. Labels hold what file names must not: "/", "$" and commas.
//
//	INCOME_$100,000 or more     income-100-000-or-more
func (g Group) Slug() string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(g.Attribute()), func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), "-")
}

// Topic is how a prompt names what the group is one of: "political party".
func (g Group) Topic() string { return topics[g.Category] }

var topics = map[string]string{
	"CREGION": "region of the United States", "EDUCATION": "education", "INCOME": "income",
	"POLIDEOLOGY": "political ideology", "POLPARTY": "political party", "RACE": "race", "RELIG": "religion", "SEX": "sex",
}

// Categories are the eight of them: the accuracy of a profile is the mean over these.
var Categories = []string{"CREGION", "EDUCATION", "INCOME", "POLIDEOLOGY", "POLPARTY", "RACE", "RELIG", "SEX"}

// groups are the 22, each read aloud once by a person: "In terms of income, you are someone with …".
var groups = []Group{
	{"CREGION", "Northeast", "in the Northeast"},
	{"CREGION", "South", "in the South"},
	{"EDUCATION", "College graduate/some postgrad", "someone with a college degree or some postgraduate education"},
	{"EDUCATION", "Less than high school", "someone who did not finish high school"},
	{"INCOME", "$100,000 or more", "someone with a household income of $100,000 a year or more"},
	{"INCOME", "Less than $30,000", "someone with a household income of less than $30,000 a year"},
	{"POLIDEOLOGY", "Conservative", "a conservative"},
	{"POLIDEOLOGY", "Liberal", "a liberal"},
	{"POLIDEOLOGY", "Moderate", "a moderate"},
	{"POLPARTY", "Democrat", "a Democrat"},
	{"POLPARTY", "Republican", "a Republican"},
	{"RACE", "Asian", "Asian"},
	{"RACE", "Black", "Black"},
	{"RACE", "Hispanic", "Hispanic"},
	{"RACE", "White", "White"},
	{"RELIG", "Atheist", "an atheist"},
	{"RELIG", "Hindu", "a Hindu"},
	{"RELIG", "Jewish", "Jewish"},
	{"RELIG", "Muslim", "a Muslim"},
	{"RELIG", "Protestant", "a Protestant"},
	{"SEX", "Female", "female"},
	{"SEX", "Male", "male"},
}

// Groups are the 22 of OpinionQA that have profiles, in the order of their attributes.
func Groups() []Group { return append([]Group(nil), groups...) }

// find is a group's number, −1 of one that is none of the 22.
func find(attribute string) int {
	for i, g := range groups {
		if g.Attribute() == attribute {
			return i
		}
	}
	return -1
}
