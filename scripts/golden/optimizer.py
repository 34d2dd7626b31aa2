"""d_optim: PyTorch's AdamW, transformers' schedules, and five steps of the tiny Qwen3 in float64."""

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import Qwen3Model, get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup

import losses
import qwen3
from common import draw_paths, rng_of, write_json

SCHEDULES = {"linear": get_linear_schedule_with_warmup, "cosine": get_cosine_schedule_with_warmup}
ADAMW = dict(lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
MAX_NORM = 1.0


def multipliers(kind, total, warmup):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule, found = SCHEDULES[kind](optimizer, warmup, total), []
    for _ in range(total + 2):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def write_schedules(out):
    lengths = ((20, 2), (31, 5), (6, 1), (15, 0))
    found = {"%s_%d_%d" % (kind, t, w): multipliers(kind, t, w) for kind in SCHEDULES for t, w in lengths}
    write_json(out / "d_optim" / "schedules.json", {"multipliers": found})


def adam_inputs(seed, steps):
    rng = rng_of(seed, "adamw")
    initial = {"W": rng.normal(size=(3, 2)), "b": rng.normal(size=3), "gain": 1 + 0.2 * rng.normal(size=2)}
    # Amplitudes on both sides of the clip.
    return initial, rng.normal(size=(steps, 5, 2)), rng.normal(size=(steps, 5, 3)), np.exp(1.5 * rng.normal(size=steps))


def trace(seed, kind, dtype, total=16, warmup=2):
    initial, x, y, amplitude = adam_inputs(seed, total)
    params = {name: torch.tensor(value, dtype=dtype, requires_grad=True) for name, value in initial.items()}
    groups = [{"params": [p], "weight_decay": 0.01 if name == "W" else 0.0} for name, p in params.items()]
    optimizer = torch.optim.AdamW(groups, **ADAMW, foreach=False)
    schedule, steps = SCHEDULES[kind](optimizer, warmup, total), []
    for t in range(total):
        xt, yt = torch.tensor(x[t], dtype=dtype), torch.tensor(y[t], dtype=dtype)
        optimizer.zero_grad()
        hidden = (xt * params["gain"]) @ params["W"].T + params["b"]
        loss = torch.tensor(amplitude[t], dtype=dtype) * 0.5 * (hidden - yt).pow(2).mean()
        loss.backward()
        step = dict(step=t, lr=optimizer.param_groups[0]["lr"], loss=loss.item(), grad={n: p.grad.tolist() for n, p in params.items()})
        norm = torch.nn.utils.clip_grad_norm_(params.values(), MAX_NORM).item()
        optimizer.step()
        schedule.step()
        values = {n: p.detach().tolist() for n, p in params.items()}
        steps.append(step | dict(grad_norm=norm, clip=min(1.0, MAX_NORM / (norm + 1e-6)), params=values))
    state = {n: {m: optimizer.state[p][m].tolist() for m in ("exp_avg", "exp_avg_sq")} for n, p in params.items()}
    return dict(
        schedule=kind, dtype=str(dtype).removeprefix("torch."), total_steps=total, warmup_steps=warmup, initial=initial, X=x, Y=y,
        amplitude=amplitude, steps=steps, final_state=state, lr_after_last=optimizer.param_groups[0]["lr"],
    )  # fmt: skip


def write_adamw(out, seed):
    traces = [trace(seed, kind, dtype) for kind in SCHEDULES for dtype in (torch.float64, torch.float32)]
    clips = [step["clip"] < 1 for step in traces[0]["steps"]]
    if all(clips) or not any(clips):
        raise SystemExit("every step is clipped, or none: choose another seed")
    adamw = dict(ADAMW, weight_decay={"W": 0.01, "b": 0.0, "gain": 0.0})
    write_json(out / "d_optim" / "adamw.json", {"adamw": adamw, "max_grad_norm": MAX_NORM, "traces": traces})


def draw_batch(rng, rows, longest):
    lengths = [int(n) for n in rng.integers(2, longest, size=rows - 1)] + [longest]
    ids, mask = qwen3.padded(rng, lengths)
    theory, levels = draw_paths(rng, rows, [0], branches=2)
    direction = [int(d) for d in rng.choice([-1, 1], rows)]
    return dict(input_ids=ids, attention_mask=mask, theory=theory, levels=levels, direction=direction)


def exact_vectors(w, batch):
    rows = [qwen3.hidden(w, ids[seen.bool()].long())[-1][-1] for ids, seen in zip(batch["input_ids"], batch["attention_mask"])]
    return torch.stack(rows)


def transformers_vectors(model, batch):
    return model(input_ids=batch["input_ids"].long(), attention_mask=batch["attention_mask"].long()).last_hidden_state[:, -1]


def train(params, vectors, batches, variant, tau, schedule):
    """Steps of the recipe over raw vectors of a batch; params are named leaves."""
    decay = [p for n, p in params.items() if not n.endswith("norm.weight")]
    plain = [p for n, p in params.items() if n.endswith("norm.weight")]
    groups = [{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, **ADAMW, foreach=False)
    rate, steps = SCHEDULES[schedule["kind"]](optimizer, schedule["warmup_steps"], schedule["total_steps"]), []
    for batch in batches:
        optimizer.zero_grad()
        loss = losses.hierarchical(variant, batch | {"tau": tau}, vectors(batch).double())[0]
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(params.values(), MAX_NORM)
        steps.append(dict(lr=optimizer.param_groups[0]["lr"], loss=loss.item(), grad_norm=norm.item()))
        optimizer.step()
        rate.step()
    return steps


def run(start, variant, batches, probe, tau, schedule):
    w = {name: weight.double().requires_grad_() for name, weight in start.items()}
    model = Qwen3Model(qwen3.config()).eval()
    model.load_state_dict(start)
    exact = train(w, lambda b: exact_vectors(w, b), batches, variant, tau, schedule)
    single = train(dict(model.named_parameters()), lambda b: transformers_vectors(model, b), batches, variant, tau, schedule)
    with torch.no_grad():
        probes = qwen3.unit(exact_vectors(w, probe)), qwen3.unit(transformers_vectors(model, probe))
    away = dict(
        loss=max(abs(a["loss"] - b["loss"]) for a, b in zip(exact, single)),
        grad_norm_rel=max(abs(a["grad_norm"] / b["grad_norm"] - 1) for a, b in zip(exact, single)),
        weights_max_abs=max((w[n] - p).abs().max().item() for n, p in model.named_parameters()),
        probe_max_abs=(probes[0] - probes[1]).abs().max().item(),
    )
    if away["weights_max_abs"] > 1e-5 or away["probe_max_abs"] > 1e-5 or away["loss"] > 1e-5:
        raise SystemExit("float32 is too far from float64 to be a target: %s: choose another seed" % away)
    return dict(f64=exact, fp32=single, probe_f64=probes[0], deviation_fp32_from_f64=away), w


def write_e2e(out, seed):
    rng, tau = rng_of(seed, "e2e"), 0.1
    schedule = {"kind": "linear", "warmup_steps": 2, "total_steps": 10}
    batches = [draw_batch(rng, 8, 14) for _ in range(5)]
    probe = {k: v for k, v in draw_batch(rng, 4, 11).items() if k in ("input_ids", "attention_mask")}
    start, runs = qwen3.load(out / "a_model" / "plain"), {}
    for variant in ("paper", "code_hmce"):
        runs[variant], w = run(start, variant, batches, probe, tau, schedule)
        if variant == "paper":
            weights = {name: weight.detach().float().contiguous() for name, weight in w.items()}
            save_file(weights, out / "d_optim" / "e2e_paper_final_weights.safetensors")
    write_json(out / "d_optim" / "e2e.json", dict(
        adamw=dict(ADAMW, weight_decay=0.01), max_grad_norm=MAX_NORM, schedule=schedule, tau=tau,
        start="a_model/plain/model.safetensors", batches=batches, probe=probe, runs=runs,
    ))  # fmt: skip
    return {"e2e_" + v: r["deviation_fp32_from_f64"] for v, r in runs.items()}


def write(out, seed):
    """Needs a_model of the same folder."""
    write_schedules(out)
    write_adamw(out, seed)
    return write_e2e(out, seed)
