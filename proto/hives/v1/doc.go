// Package hivesv1 is the interface of embedd: EmbedService and ValueService. The .proto files are its
// reference; the Go code is generated from them by make proto and never edited.
//
// The interface only grows: a field or a method is added, none changes its meaning, name or number. Drafts
// of a next version go to hives.v1alpha1.
package hivesv1
