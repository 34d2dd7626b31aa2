// Package chat is how a conversation becomes the ids that a language model was taught to read: messages, the templates
// of model families, and what a model's files say about both.
//
//	r, tok, ends, err := chat.Open("SmolLM2-135M-Instruct", "")   // no weights are read
//	ids, err := r.Render(messages, "")                            // the assistant's turn opened behind them
//	ids, from, err := r.Answered(messages, "Yes.")                // with an answer, which begins at from
//
// It stands below the engine that writes (internal/talk) and the training on answers (internal/trainer/sft), which need
// not know of each other: a program that trains carries no client of endpoints.
//
// Texts are data. Invariant: whatever a message says, the ids hold as many ends of turns as there are messages
// (TestATextMakesNoTurn).
package chat

// Message is one turn of a conversation.
type Message struct{ Role, Content string }

// Who speaks.
const (
	System    = "system"
	User      = "user"
	Assistant = "assistant"
)
