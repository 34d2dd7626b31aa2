// Package hivesv1alpha1 holds drafts of embedd's interface: IntensityService and ProfileService. The .proto files are
// its reference; the Go code is generated from them by make proto and never edited.
//
// A draft may change: a client that uses it is built against the release that it calls. What is settled moves to
// hives.v1.
package hivesv1alpha1
