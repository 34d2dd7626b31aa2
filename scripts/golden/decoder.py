"""h_vcai/c_model: two tiny writing decoders, Llama and Qwen3, in float64 from their formulas; transformers checks them.

Transformers' models in double still take norms, softmax and rotary tables through float32: they are no target.
They check the formulas in float32: states, logits, steered logits by a hook, and greedy ids from a left-padded cache.
"""

import json
import math
import shutil

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

import qwen3
import valuekernel
from common import rng_of, write_json

SIZES = dict(
    vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=256, attention_bias=False, hidden_act="silu",
    bos_token_id=1, eos_token_id=2, pad_token_id=0,
)  # fmt: skip
LLAMA = dict(SIZES, head_dim=8, rms_norm_eps=1e-5, tie_word_embeddings=True)
QWEN3 = dict(SIZES, head_dim=16, rms_norm_eps=1e-6, tie_word_embeddings=False)
FAMILIES = {
    "llama": (LlamaConfig, LlamaForCausalLM, LLAMA, 1e5),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM, QWEN3, 1e6),
}
FIRST = 3  # ids below are marks
LENGTHS = (1, 2, 5, 13, 29)
STEPS, STEERED_STEPS, SHOWN = 24, 8, 16
PAIRS, THRESHOLD = 6, 50
COEFFICIENTS = (-10.0, 0.0, 0.5, 10.0)
TOLERANCE = 1e-4  # of the tests, for float32
SAMPLINGS = (  # temperature, top-k, top-p, min-p
    (1, 0, 1, 0), (0.7, 0, 1, 0), (1.5, 4, 1, 0), (1, 0, 0.9, 0), (1, 0, 0.3, 0), (1, 0, 1, 0.1),
    (0.8, 5, 0.8, 0.05), (1, 0, 1e-9, 0), (2, 0, 0.95, 0.3), (0.6, 20, 0.95, 0),
)  # fmt: skip


class Decoder:
    """Transformers' float32 model, and the float64 pass over the same weights."""

    def __init__(self, family, rng):
        config, causal, self.sizes, self.theta = FAMILIES[family]
        rope = {"rope_type": "default", "rope_theta": self.theta}
        self.single = qwen3.fill(causal(config(**self.sizes, rope_parameters=rope, attn_implementation="eager")), rng)
        with torch.no_grad():  # of size .4 they made Llama's tied head say one word again and again
            self.single.get_input_embeddings().weight.mul_(0.1)
        self.w = {name.removeprefix("model."): x for name, x in qwen3.double(self.single).items()}
        self.head = self.w.get("lm_head.weight", self.w["embed_tokens.weight"])
        self.away = {"states": 0.0, "logits": 0.0, "steered_logits": 0.0}

    def save(self, folder, family):
        folder.mkdir(parents=True)
        state = {name: x.contiguous() for name, x in self.single.named_parameters()}  # a tied head is stored once
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
        config = dict(
            self.sizes, architectures=[type(self.single).__name__], model_type=family, rope_theta=self.theta,
            torch_dtype="float32",
        )  # fmt: skip
        (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")

    def run(self, ids, push=None):
        """States [L+1][S, H], after the embedding and each block, and logits [S, V]; push is (block, addend [S, H])."""
        x = self.w["embed_tokens.weight"][torch.tensor(ids)]
        states = [x]
        for at in range(self.sizes["num_hidden_layers"]):
            x = qwen3.layer(self.w, at, x, self.sizes, self.theta)
            if push and push[0] == at:
                x = x + push[1]
            states.append(x)
        logits = qwen3.rms_norm(x, self.w["norm.weight"], self.sizes["rms_norm_eps"]) @ self.head.T
        self.check(ids, push, states, logits)
        return states, logits

    def check(self, ids, push, states, logits):
        hooks = []
        if push:
            def add(_module, _inputs, out):
                return (out[0] + push[1].float(), *out[1:]) if isinstance(out, tuple) else out + push[1].float()

            hooks.append(self.single.model.layers[push[0]].register_forward_hook(add))
        with torch.no_grad():
            out = self.single(input_ids=torch.tensor([ids]), output_hidden_states=not push)
        for hook in hooks:
            hook.remove()
        self.note("steered_logits" if push else "logits", out.logits[0], logits)
        if not push:  # the last of hidden_states is behind the final norm
            for own, exact in zip(out.hidden_states[:-1], states):
                self.note("states", own[0], exact)

    def note(self, what, single, exact):
        self.away[what] = max(self.away[what], (single - exact).abs().max().item())

    def greedy(self, prompt, steps, steer=None):
        """Ids and margins between the best two logits, whole rows each time; the logits behind the last id."""
        ids, margins = list(prompt), []
        for _ in range(steps):
            last = self.run(ids, steer and steer(len(ids)))[1][-1]
            best, second = last.topk(2).values.tolist()
            margins.append(best - second)
            ids.append(last.argmax().item())
        return ids[len(prompt):], margins, self.run(ids, steer and steer(len(ids)))[1][-1]

    def token_logp(self, prompt, option, steer=None):
        ids = prompt + option
        logp = self.run(ids, steer and steer(len(ids)))[1].log_softmax(-1)
        return [logp[at - 1, ids[at]].item() for at in range(len(prompt), len(ids))]

    def cached(self, prompts, steps):
        """Transformers' greedy ids in float32: all prompts in one left-padded batch, through its cache."""
        longest, pad = max(map(len, prompts)), self.sizes["pad_token_id"]
        ids = torch.tensor([[pad] * (longest - len(p)) + p for p in prompts])
        mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
        with torch.no_grad():  # no id ends a text here
            out = self.single.generate(
                ids, attention_mask=mask, max_new_tokens=steps, do_sample=False, use_cache=True, eos_token_id=None,
                pad_token_id=pad,
            )  # fmt: skip
        return out[:, longest:].tolist()


def draw(rng, n):
    return rng.integers(FIRST, SIZES["vocab_size"], size=n).tolist()


def telling(model, rng, n):
    """A prompt of n ids with its greedy answer, drawn again where rounding in float32 could turn an id."""
    while True:
        prompt = draw(rng, n)
        ids, margins, after = model.greedy(prompt, STEPS)
        if min(margins) > 2 * TOLERANCE:
            return dict(prompt=prompt, greedy=ids, margins=margins, last_logits_after_greedy=after)


def cases(model, rng):
    found = [telling(model, rng, n) for n in LENGTHS]
    for case, cached in zip(found, model.cached([case["prompt"] for case in found], STEPS)):
        if case["greedy"] != cached:
            raise SystemExit("float64 wrote %s, transformers %s" % (case["greedy"], cached))
        logits = model.run(case["prompt"])[1]
        case |= dict(
            greedy_transformers_f32_cached_batch=cached, last_logits=logits[-1], first_logits=logits[0],
            argmax_all=logits.argmax(-1), log_sum_exp_all=logits.logsumexp(-1),
        )  # fmt: skip
    return found


def scores(model, rng, n=6, options=4):
    found = []
    for _ in range(n):
        prompt = draw(rng, rng.integers(1, 9))
        case = dict(prompt=prompt, options=[draw(rng, rng.integers(1, 6)) for _ in range(options)])
        case["token_logp"] = [model.token_logp(prompt, option) for option in case["options"]]
        case["total"] = [math.fsum(logp) for logp in case["token_logp"]]
        found.append(case | dict(p=torch.tensor(case["total"], dtype=torch.float64).softmax(0)))
    return found


def stops(decoded, short=3):
    """Each prompt stopped by the id that greedy writes sixth, at the latest, and one by its length."""
    found = []
    for case in decoded:
        end = case["greedy"][5]
        out = case["greedy"][: case["greedy"].index(end)]
        found.append(dict(prompt=case["prompt"], stop_ids=[end], max_new=STEPS, out_without_stop=out, finish="stop"))
    first = decoded[0]
    cut = first["greedy"][:short]
    return found + [dict(prompt=first["prompt"], stop_ids=[], max_new=short, out_without_stop=cut, finish="length")]


def draw_samples(rng):
    """Answers with and against a trait, their judged scores, and the pairs whose both sides are as they should be."""
    while True:
        samples = []
        for side, low, high in (("positive", 30, 100), ("negative", 0, 70)):
            for pair in range(PAIRS):
                prompt, response = draw(rng, rng.integers(3, 9)), draw(rng, rng.integers(1, 11))
                trait, coherence = (round(float(rng.uniform(*span)), 1) for span in ((low, high), (35, 100)))
                judged = dict(trait=trait, coherence=coherence)
                samples.append(dict(pair=pair, side=side, prompt=prompt, response=response) | judged)
        kept = [pair for pair in range(PAIRS) if keeps(samples[pair], samples[PAIRS + pair])]
        if 1 < len(kept) < PAIRS and all(THRESHOLD not in (s["trait"], s["coherence"]) for s in samples):
            return samples, kept


def keeps(positive, negative):
    coherent = min(positive["coherence"], negative["coherence"]) > THRESHOLD
    return coherent and positive["trait"] > THRESHOLD > negative["trait"]


def means(model, sample):
    """Mean states [L+1][H] of the answer, of the prompt, and those of the prompt's last token."""
    n = len(sample["prompt"])
    states = torch.stack(model.run(sample["prompt"] + sample["response"])[0])
    return dict(response=states[:, n:].mean(1), prompt=states[:, :n].mean(1), prompt_last=states[:, n - 1])


def difference(samples, values, pairs):
    """Mean of the positive side minus mean of the negative one."""
    sides = [torch.stack([x for s, x in zip(samples, values) if s["side"] == side and s["pair"] in pairs]).mean(0)
             for side in ("positive", "negative")]  # fmt: skip
    return sides[0] - sides[1]


def steered(model, prompt, options, vector, layer, coefficient, positions):
    def steer(length):
        at, n = torch.arange(length), len(prompt)
        where = {"all": at >= 0, "prompt": at < n, "response": at >= n - 1}[positions]
        return layer, where.double()[:, None] * coefficient * vector

    last = model.run(prompt, steer(len(prompt)))[1][-1]
    ids, margins, _ = model.greedy(prompt, STEERED_STEPS, steer)
    logp = [math.fsum(model.token_logp(prompt, option, steer)) for option in options]
    return dict(layer=layer, coefficient=coefficient, positions=positions, last_logits=last[:SHOWN], greedy=ids,
                least_margin=min(margins), option_logp=logp, log_odds=logp[0] - logp[1])  # fmt: skip


def persona(model, rng):
    samples, kept = draw_samples(rng)
    states, vectors = [means(model, sample) for sample in samples], {}
    for kind in ("response", "prompt", "prompt_last"):
        for name, pairs in (("kept", kept), ("all", range(PAIRS))):
            vectors["%s_%s" % (kind, name)] = difference(samples, [s[kind] for s in states], pairs)
    along = vectors["response_kept"]
    norms = along.norm(dim=1)
    prompt, options = draw(rng, 7), [draw(rng, 3), draw(rng, 3)]
    steer = [steered(model, prompt, options, along[layer + 1], layer, coefficient, positions)
             for layer in range(SIZES["num_hidden_layers"]) for coefficient in COEFFICIENTS
             for positions in ("all", "prompt", "response")]  # fmt: skip
    return dict(
        samples=samples, threshold=THRESHOLD, kept_pairs=kept, vectors=vectors, norms=norms,
        projection_of_samples=[(s["response"] * along).sum(1) / norms for s in states],
        steer_prompt=prompt, steer_options=options, steer=steer,
    )  # fmt: skip


def sampled(logits, temperature, top_k, top_p, min_p):
    """Probabilities [V] in float64 after temperature, top-k, top-p and min-p, made to add up to 1 behind each."""
    order = sorted(range(len(logits)), key=lambda i: -logits[i])
    if top_k:
        order = order[:top_k]
    p = [math.exp((logits[i] - logits[order[0]]) / temperature) for i in order]
    p = [x / math.fsum(p) for x in p]
    before = [math.fsum(p[:i]) for i in range(len(p))]
    p = [x for x, sum_before in zip(p, before) if sum_before < top_p]  # the one that crosses top_p stays
    p = [x / math.fsum(p) for x in p]
    p = [x for x in p if x >= min_p * p[0]]
    found = dict(zip(order, (x / math.fsum(p) for x in p)))
    return [found.get(i, 0.0) for i in range(len(logits))]


def samplers(rng, rows=6, options=12):
    """Logits that float32 holds, so that a reader in single precision sees the same; two rows with equal ones."""
    drawn = [[float(x) for x in (2 * rng.normal(size=options)).astype("float32")] for _ in range(rows + 1)]
    tied = drawn.pop()
    tied[5] = tied[3] = max(tied) + 1
    wanted = [(logits, s) for logits in drawn for s in SAMPLINGS]
    wanted += [(logits, s) for logits in ([1.5] * options, tied) for s in SAMPLINGS[:2]]
    names = ("temperature", "top_k", "top_p", "min_p")
    return dict(order=names, cases=[dict(logits=x, **dict(zip(names, s)), p=sampled(x, *s)) for x, s in wanted])


def write(out, seed):
    folder, report = out / "h_vcai" / "c_model", {}
    shutil.rmtree(folder, ignore_errors=True)
    for family in FAMILIES:
        model = Decoder(family, rng_of(seed, "decoder", family))
        model.save(folder / family, family)
        decoded = cases(model, rng_of(seed, "decoder", family, "cases"))
        asked = scores(model, rng_of(seed, "decoder", family, "scores"))
        write_json(folder / family / "decode.json", dict(cases=decoded, scores=asked, stop=stops(decoded)))
        write_json(folder / family / "persona.json", persona(model, rng_of(seed, "decoder", family, "persona")))
        write_json(folder / family / "kernel.json", valuekernel.kernel(model, rng_of(seed, "decoder", family, "kernel"), draw))
        if max(model.away.values()) > TOLERANCE / 2:
            raise SystemExit("%s in float32 is too far from float64: %s: choose another seed" % (family, model.away))
        report["decoder_" + family] = model.away
    write_json(folder / "samplers.json", samplers(rng_of(seed, "decoder", "samplers")))
    return report
