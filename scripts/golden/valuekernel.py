"""kernel.json: y = W2·tanh(W1·[e; c] + b1) + b2 as a soft prompt and as a latent bias of a frozen decoder, in float64.

The loss is the mean of −log p over the answer's tokens; gradients are autograd's. Transformers checks the logits.
"""

import torch

import qwen3

WIDTH, VECTOR, ROWS, LAYER, INTENSITY = 8, 6, 3, 1, 1.5
PROMPT, ANSWER = 5, 4


def network(rng, out):
    def filled(*shape):
        return torch.tensor(rng.normal(scale=0.3, size=shape), requires_grad=True)

    return {"W1": filled(WIDTH, VECTOR + 1), "b1": filled(WIDTH), "W2": filled(out, WIDTH), "b2": filled(out)}


def output(w, vector):
    told = torch.cat([vector, torch.tensor([INTENSITY], dtype=torch.float64)])
    return w["W2"] @ torch.tanh(w["W1"] @ told + w["b1"]) + w["b2"]


def logits_of(model, x, bias=None):
    for at in range(model.sizes["num_hidden_layers"]):
        x = qwen3.layer(model.w, at, x, model.sizes, model.theta)
        if bias is not None and at == LAYER:
            x = x + bias
    return qwen3.rms_norm(x, model.w["norm.weight"], model.sizes["rms_norm_eps"]) @ model.head.T


def check(model, x, bias, logits):
    """The same rows through transformers in float32."""
    hooks = []
    if bias is not None:
        def add(_module, _inputs, out):
            return (out[0] + bias.float(), *out[1:]) if isinstance(out, tuple) else out + bias.float()

        hooks.append(model.single.model.layers[LAYER].register_forward_hook(add))
    with torch.no_grad():
        out = model.single(inputs_embeds=x.float()[None])
    for hook in hooks:
        hook.remove()
    model.away.setdefault("kernel_logits", 0.0)
    model.note("kernel_logits", out.logits[0], logits)


def form(model, rng, kind, vector, draw):
    hidden = model.sizes["hidden_size"]
    w = network(rng, ROWS * hidden if kind == "soft_prompt" else hidden)
    prompt, answer = draw(rng, PROMPT), draw(rng, ANSWER)
    y, x, bias = output(w, vector), model.w["embed_tokens.weight"][torch.tensor(prompt + answer)], None
    if kind == "soft_prompt":
        x = torch.cat([y.reshape(ROWS, hidden), x])
    else:
        bias = y
    logits = logits_of(model, x, bias)
    check(model, x.detach(), None if bias is None else bias.detach(), logits.detach())
    first = len(logits) - ANSWER - 1  # the logits at a token are for the one behind it
    logp = logits[first:-1].log_softmax(-1)
    loss = -logp[torch.arange(ANSWER), torch.tensor(answer)].mean()
    loss.backward()
    return dict(
        prompt=prompt, answer=answer, output=y.detach(), layer=None if bias is None else LAYER,
        tokens=ROWS if bias is None else None, weights={name: x.detach() for name, x in w.items()},
        loss=loss.item(), grad={name: x.grad for name, x in w.items()},
    )  # fmt: skip


def kernel(model, rng, draw):
    vector = torch.tensor(rng.normal(size=VECTOR))
    vector /= vector.norm()
    forms = {kind: form(model, rng, kind, vector, draw) for kind in ("soft_prompt", "latent_bias")}
    return dict(value_vector=vector, intensity=INTENSITY, forms=forms)
