// Package kernel learns what a value's vector is to a language model: a small network from a value's vector and an
// intensity to soft prompts or to vectors between the layers, the language model frozen.
//
//	y = W2·tanh(W1·[e; c] + b1) + b2     e: the value's unit vector [E], c: the intensity from −2 to 2
//
// As a soft prompt y is P rows in front of the prompt, in the place of embedded tokens. As a latent bias it is added to
// what chosen blocks have built. W2 and b2 begin at 0, so that a latent bias at first changes nothing.
//
// The question is transfer: a kernel that is trained on some values and moves the model towards others has learned the
// space of the vectors, and not a list of values.
//
// The caller owes rows of token ids that fit the model. Refused: numbers that are not finite, shapes that do not fit.
//
// Axis letters: B rows, S positions, P rows of a soft prompt, H hidden, E numbers of a value's vector, W width, N
// scored tokens.
package kernel
