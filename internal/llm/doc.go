// Package llm says what every language model can be asked, and asks those behind OpenAI-compatible endpoints.
//
//	Provider   what a model is, wherever it runs: requests answered, given answers scored, an identity (provider.go)
//	Remote     a Provider behind an endpoint (remote.go)
//	Local      how one on this machine is computed (local.go): package talk is such a Provider, an Opener makes it
//	Metered    any Provider within a budget (metered.go)
//	Client     one request to an endpoint, one answer: rate, retries, money (client.go, gate.go, retry.go, budget.go)
//
// A Client keeps the endpoint's rate and its bound on requests under way, tries again what may get better (with
// jitter, honouring Retry-After), and stays within a Budget in tokens and money that several clients share. What is
// asked, and what becomes of an answer, is package judge's.
//
// Invariant: the tokens and the money of requests under way are set aside before they are sent, at the most that they
// can take, so that requests together never overrun a Budget (TestBudgetEndsBeforeItIsOverrun).
//
// The caller owes a Client the name of an environment variable that holds the key, if there is one. Keys are never
// written, nor what a server says: it may repeat the request. Errors name the endpoint by its name in the
// configuration, never by its address.
package llm
