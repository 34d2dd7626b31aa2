package llm

import (
	"math"
	"sync"

	"hives/internal/fault"
)

// Limits bound what a run may use, earlier starts of the same run included; 0 sets no bound.
type Limits struct {
	Tokens   int64   `toml:"tokens"`   // read and written
	Money    float64 `toml:"money"`    // in Currency
	Currency string  `toml:"currency"` // a name for the reader; prices are in it
}

// Validate refuses what would bound nothing: a limit below 0, or one that is no number.
func (l Limits) Validate() error {
	if l.Tokens < 0 || !countable(l.Money) {
		return fault.New(fault.Invalid,
			"budget.tokens %d, budget.money %v: a budget is a finite number from 0, which sets no bound",
			l.Tokens, l.Money)
	}
	return nil
}

// countable tells whether x can be added up: finite and not negative.
func countable(x float64) bool { return x >= 0 && x <= math.MaxFloat64 }

// Budget counts what several clients use together. It is safe for use by several goroutines.
//
//	limit 100 tokens                       used  reserved  left for the next
//	one request under way, at most 40      0     40        60
//	a second one, at most 40               0     80        20
//	a third, at most 40: refused           0     80        20
//	the first took 15                      15    40        45
//
// Invariant: used + reserved never exceeds a limit, as long as no answer takes more than its request said at the most.
type Budget struct {
	limits Limits

	mu       sync.Mutex
	tokens   int64
	micro    int64 // millionths of the currency
	reserved usage // of requests under way, at the most
}

// usage is what one request takes, or may take at the most: tokens read and written together, and money in
// millionths.
type usage struct{ tokens, micro int64 }

// NewBudget begins with what earlier starts have used.
//
// Answers only are known of earlier starts: a try that cost money and brought none is not in the store, so after a
// restart the budget forgets it.
func NewBudget(l Limits, usedTokens, usedMicro int64) *Budget {
	return &Budget{limits: l, tokens: usedTokens, micro: usedMicro}
}

// Used is what has been used so far, in tokens and millionths of the currency.
func (b *Budget) Used() (tokens, micro int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tokens, b.micro
}

// reserve sets aside what a request may cost at the most, so that requests under way cannot overrun the
// limit together. So a run ends a little before its limit, by what the last requests might have taken.
func (b *Budget) reserve(most usage) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	tokens, micro := b.tokens+b.reserved.tokens+most.tokens, b.micro+b.reserved.micro+most.micro
	if b.limits.Tokens > 0 && tokens > b.limits.Tokens {
		return fault.New(fault.Exhausted,
			"budget of %d tokens: %d are used and the next answer may take %d: raise budget.tokens to go on",
			b.limits.Tokens, b.tokens, most.tokens)
	}
	if b.limits.Money > 0 && micro > toMicro(b.limits.Money) {
		return fault.New(fault.Exhausted,
			"budget of %.2f %s: %.4f are used and the next answer may cost %.4f: raise budget.money to go on",
			b.limits.Money, b.limits.Currency, float64(b.micro)/1e6, float64(most.micro)/1e6)
	}
	b.reserved.tokens += most.tokens
	b.reserved.micro += most.micro
	return nil
}

// settle replaces a reservation by what was used. Each reserve owes one call, also after an error: a reservation that
// stayed would end the run too early.
func (b *Budget) settle(most, used usage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reserved.tokens -= most.tokens
	b.reserved.micro -= most.micro
	b.tokens = min(b.tokens+used.tokens, math.MaxInt64/4) // never so far that it runs over
	b.micro = min(b.micro+used.micro, math.MaxInt64/4)
}

// toMicro turns money into millionths, in which it is added up: sums of whole numbers have no order.
func toMicro(money float64) int64 { return int64(math.Round(min(money*1e6, mostMicro))) }

// CostMicro is the price of tokens in millionths of the currency: prices are for a million tokens.
//
// So the units cancel: 1,000 tokens at 0.15 a million are 0.00015, which is 150 millionths, 1,000 times 0.15.
func (m Model) CostMicro(in, out int64) int64 {
	return micros(float64(in)*m.PriceIn + float64(out)*m.PriceOut)
}

// mostMicro is a bound on any sum of money, in millionths: what is beyond it would run over and count as nothing.
const mostMicro = 1 << 53

// micros rounds up, so that many small answers are never taken for none.
func micros(x float64) int64 {
	if !(x < mostMicro) { // not a number either
		return mostMicro
	}
	return int64(math.Ceil(x))
}

// EstimateTokens guesses the tokens of a text, rather too many than too few, and without a tokenizer, of which every
// model has another. English has about four bytes to a token, other scripts fewer letters but more bytes: 300 letters
// of English count as 101, where a tokenizer would make some 75 of them. A budget that is reserved too generously
// ends a run a little early; one reserved too tightly would be overrun.
func EstimateTokens(text string) int64 { return int64(len(text))/3 + 1 }

// overhead is what a chat template adds to the two messages, in tokens. ChatML writes five around each of them and
// three to open the answer: 13, and other templates about as many.
const overhead = 16
