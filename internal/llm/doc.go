// Package llm asks a language model behind an OpenAI-compatible endpoint: one request, one reply.
//
// A Client keeps the endpoint's rate and its bound on requests under way, tries again what may get better (with jitter,
// honouring Retry-After), and stays within a Budget in tokens and money that several clients share. What is asked, and
// what becomes of an answer, is package judge's.
//
// Invariant: the tokens and the money of requests under way are set aside before they are sent, at the most that they
// can take, so that requests together never overrun a Budget (TestBudgetEndsBeforeItIsOverrun).
//
// The caller owes a Client the name of an environment variable that holds the key, if there is one. Keys are never
// written, nor what a server says: it may repeat the request.
package llm
