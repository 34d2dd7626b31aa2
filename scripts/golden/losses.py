"""c_loss and j_pairs: the losses from their formulas in docs/LOSSES.md, anchor by anchor in float64; gradients by PyTorch."""

import torch

from common import draw_paths, rng_of, write_json

VARIANTS = ("paper", "paper_skip_empty", "paper_missing_shared", "paper_skip_empty_missing_shared")
AUTHORS = {  # margin, level weights, floor
    "code_hmce": (1.0, True, True),
    "code_hmc": (1.0, True, False),
    "code_hce": (1.0, False, True),
    "code_hmce_no_direction_weight": (0.0, True, True),
}


def tensor(x):
    return torch.tensor(x, dtype=torch.float64)


def unit(z):
    return z / z.norm(dim=1, keepdim=True)


def same_path(case, i, j, depth, missing_shared):
    pairs = zip(case["levels"][i][:depth], case["levels"][j][:depth])
    return all(a == b and (missing_shared or a >= 0) for a, b in pairs)


def positives(case, depth, missing_shared, any_theory):
    def positive(i, j):
        if case["direction"][i] != case["direction"][j] or not (any_theory or case["theory"][i] == case["theory"][j]):
            return False
        return same_path(case, i, j, depth, missing_shared)

    return positive


def anchor_losses(case, s, positive):
    """The loss of every anchor that has a positive; ignored pairs are neither positives nor in a denominator."""
    losses, ignore = [], case.get("ignore")
    for i in range(len(s)):
        others = [a for a in range(len(s)) if a != i and not (ignore and ignore[i][a])]
        own = [j for j in others if positive(i, j)]
        if own:
            losses.append(torch.logsumexp(s[i][others], 0) - s[i][own].mean())
    return losses


def cosines(case, z):
    e = unit(z)
    return e @ e.T / case["tau"]


def paper(case, z, skip_empty, missing_shared):
    s = cosines(case, z)
    depth = 3 if missing_shared else max((sum(x >= 0 for x in path) for path in case["levels"]), default=1)
    means, anchors = [], []
    for v in range(1, depth + 1):
        found = anchor_losses(case, s, positives(case, v, missing_shared, any_theory=False))
        over = len(found) if skip_empty else len(z)
        means.append(sum(found, z.sum() * 0) / max(1, over))
        anchors.append(len(found))
    seen = sum(n > 0 for n in anchors)
    loss = sum(means) / (max(1, seen) if skip_empty else max(1, depth))
    return loss, means, anchors


def authors(case, z, margin, weighted, floored):
    """The loss of the authors' code, written anew from its description: see docs/LOSSES.md."""
    unlike = [[float(a != b) for b in case["direction"]] for a in case["direction"]]
    s = cosines(case, z) - margin * tensor(unlike)
    total, seen, floor, raw = z.sum() * 0, 0, None, []
    for v in range(1, 4):
        found = anchor_losses(case, s, positives(case, v, missing_shared=True, any_theory=True))
        if not found:
            raw.append(None)
            continue
        value = sum(found) / len(found) * (case["tau"] / 0.1)
        raw.append(value)
        used = torch.maximum(value, floor) if floored and floor is not None else value
        total = total + used * (2 ** (1 / v) if weighted else 1)
        floor = value.detach() if floor is None else torch.maximum(floor, value.detach())
        seen += 1
    return total / max(1, seen), raw


def hierarchical(name, case, z):
    """Loss and what is recorded beside it."""
    if name in AUTHORS:
        loss, raw = authors(case, z, *AUTHORS[name])
        return loss, {"raw_per_level": raw, "levels_seen": sum(r is not None for r in raw)}
    loss, means, anchors = paper(case, z, "skip_empty" in name, "missing_shared" in name)
    return loss, {"per_level": means, "V": len(means), "levels_seen": sum(n > 0 for n in anchors)}


def hierarchical_cases(seed, dim):
    def draw(name, n, theories, tau=0.1, neutral=False, **tree):
        rng = rng_of(seed, "hierarchical", name)
        theory, levels = draw_paths(rng, n, theories, **tree)
        signs = [-1, 0, 1] if neutral else [-1, 1]
        direction = [int(d) for d in rng.choice(signs, n)]
        return dict(name=name, tau=tau, theory=theory, levels=levels, direction=direction, z=rng.normal(size=(n, dim)))

    yield draw("three_levels", 12, [0])
    yield draw("stopping_paths", 24, [0], stop=0.4)
    yield draw("one_level", 11, [2], depths={2: 1})
    yield draw("two_levels", 14, [1], depths={1: 2})
    yield draw("theories", 40, [0, 1, 2, 3], depths={0: 3, 1: 2, 2: 1, 3: 3}, stop=0.2)
    yield draw("neutral", 18, [3], branches=2, neutral=True)
    yield draw("other_temperature", 17, [3], tau=0.07, branches=2)
    yield draw("two_rows", 2, [0], branches=1)
    yield draw("one_row", 1, [0])

    alone = draw("no_positives", 7, [1])
    alone["levels"] = [[100 + i, 200 + i, 300 + i] for i in range(7)]
    yield alone
    alike = draw("all_alike", 9, [2], branches=1)
    alike["direction"] = [1] * 9
    yield alike
    turned = draw("alternating", 9, [2], branches=1)
    turned["direction"] = [1 - 2 * (i % 2) for i in range(9)]
    yield turned
    twice = draw("equal_and_opposite_rows", 10, [0], branches=2)
    twice["z"][[1, 3]] = twice["z"][0] * [[2.0], [0.5]]
    twice["z"][9] = -twice["z"][0]
    yield twice
    close = draw("close_rows_small_temperature", 13, [2], tau=0.01, branches=2)
    close["z"] = close["z"][0] + 0.05 * close["z"]
    yield close


def with_gradient(case, names):
    found = {}
    for name in names:
        z = tensor(case["z"]).requires_grad_()
        loss, beside = hierarchical(name, case, z)
        loss.backward()
        found[name] = {"loss": loss, "grad_z": z.grad, **beside}
    return found


def write_hierarchical(out, seed, dim=6):
    cases = list(hierarchical_cases(seed, dim))
    for case in cases:
        case["variants"] = with_gradient(case, (*VARIANTS, *AUTHORS))
    write_json(out / "c_loss" / "hierarchical.json", {"dim": dim, "cases": cases})


def infonce(z, anchors, ids, tau):
    """anchors are unit rows already."""
    rows = [i for i, id in enumerate(ids) if id >= 0]
    if not rows:
        return z.sum() * 0 + anchors.sum() * 0
    logits = unit(z) @ anchors.T / tau
    return sum(torch.logsumexp(logits[i], 0) - logits[i][ids[i]] for i in rows) / len(rows)


def infonce_cases(seed, dim):
    def draw(name, n, k, tau=0.07):
        rng = rng_of(seed, "infonce", name)
        ids = [int(i) for i in rng.integers(k, size=n)]
        return dict(name=name, tau=tau, z=rng.normal(size=(n, dim)), anchors=rng.normal(size=(k, dim)), ids=ids)

    yield draw("small", 9, 4)
    yield draw("more_anchors_than_rows", 20, 33)
    yield draw("one_anchor", 5, 1)
    some = draw("some_without", 10, 5)
    some["ids"][1] = some["ids"][6] = -1
    yield some
    none = draw("all_without", 3, 4)
    none["ids"] = [-1] * 3
    yield none
    equal = draw("equal_anchors", 12, 5)
    equal["anchors"][3] = 3 * equal["anchors"][1]
    yield equal
    aligned = draw("on_and_against_its_anchor", 5, 5, tau=0.01)
    aligned["ids"] = list(range(5))
    aligned["z"][0], aligned["z"][1] = 2 * aligned["anchors"][0], -aligned["anchors"][1]
    yield aligned


def write_infonce(out, seed, dim=6):
    cases = list(infonce_cases(seed, dim))
    for case in cases:
        z, anchors = tensor(case["z"]).requires_grad_(), tensor(case["anchors"]).requires_grad_()
        units = unit(anchors)
        units.retain_grad()
        loss = infonce(z, units, case["ids"], case["tau"])
        loss.backward()
        case.update(loss=loss, grad_z=z.grad, grad_anchors=anchors.grad, grad_anchors_unit=units.grad)
    write_json(out / "c_loss" / "infonce.json", {"dim": dim, "cases": cases})


def shared_id(z, ids, tau):
    """The authors' term in the place of anchors: rows of equal id are each other's positives."""
    rows = [i for i, id in enumerate(ids) if id >= 0]
    if not rows:
        return z.sum() * 0
    e = unit(z)[rows]
    found = anchor_losses({}, e @ e.T / tau, lambda i, j: ids[rows[i]] == ids[rows[j]])
    return sum(found, z.sum() * 0) / max(1, len(found))


def stage2_case(seed, n, dim, individual, theory_anchors):
    rng = rng_of(seed, "stage2", n)
    theory, levels = draw_paths(rng, n, [0, 1], depths={0: 3, 1: 2}, branches=2)
    case = dict(
        name="rows_%d" % n, fractions=[0.5, 0.25, 0.25], sizes=[n // 2, n // 4, n - n // 2 - n // 4], tau_hier=0.1,
        tau_ind=0.07, tau_theory=0.07, lambda_ind=0.5, lambda_theory=1.0, z=rng.normal(size=(n, dim)), theory=theory,
        levels=levels, direction=[int(d) for d in rng.choice([-1, 1], n)],
        individual_id=[int(i) for i in rng.integers(-1, individual, size=n)],
        theory_anchor_id=[int(i) for i in rng.integers(-1, theory_anchors, size=n)],
        individual_anchors=rng.normal(size=(individual, dim)), theory_anchors=rng.normal(size=(theory_anchors, dim)),
    )  # fmt: skip
    # Ids that repeat in a part, so that rows of equal id are there to contrast.
    case["individual_id"][n // 2 + 1] = case["individual_id"][n // 2] = 1
    case["theory_anchor_id"][n - 1] = case["theory_anchor_id"][n - 2] = 1
    return case


def stage2_value(case, variant, hier):
    n, (first, second, _) = len(case["z"]), case["sizes"]
    whole = "whole" in variant
    h, i, t = (slice(0, n),) * 3 if whole else (slice(0, first), slice(first, first + second), slice(first + second, n))
    z = tensor(case["z"]).requires_grad_()
    banks = [tensor(case[name]).requires_grad_() for name in ("individual_anchors", "theory_anchors")]
    part = {key: case[key][h] for key in ("theory", "levels", "direction")} | {"tau": case["tau_hier"]}
    terms = [hierarchical(hier, part, z[h])[0]]
    for rows, ids, bank, tau in ((i, "individual_id", banks[0], "tau_ind"), (t, "theory_anchor_id", banks[1], "tau_theory")):
        if variant.startswith("code"):
            terms.append(shared_id(z[rows], case[ids][rows], case[tau]))
        else:
            terms.append(infonce(z[rows], unit(bank), case[ids][rows], case[tau]))
    loss = terms[0] + case["lambda_ind"] * terms[1] + case["lambda_theory"] * terms[2]
    loss.backward()
    value = dict(loss=loss, L_hier=terms[0], L_ind=terms[1], L_theory=terms[2], grad_z=z.grad)
    if not variant.startswith("code"):
        value |= dict(grad_individual_anchors=banks[0].grad, grad_theory_anchors=banks[1].grad)
    return value


STAGE2 = {
    "paper_sub_batches": "paper",
    "paper_sub_batches_skip_empty": "paper_skip_empty",
    "paper_whole_batch": "paper",
    "paper_whole_batch_skip_empty": "paper_skip_empty",
    "code_sub_batches": "code_hmce",
}


def write_stage2(out, seed, dim=6):
    cases = [stage2_case(seed, 17, dim, 5, 3), stage2_case(seed, 40, dim, 9, 6)]
    for case in cases:
        case["variants"] = {name: stage2_value(case, name, hier) for name, hier in STAGE2.items()}
    write_json(out / "c_loss" / "stage2.json", {"dim": dim, "cases": cases})


def direction_leaf(case, z):
    """Levels 1 to 3 whatever the direction, then the whole path (missing equals missing) with the direction."""
    s, means, anchors = cosines(case, z), [], []
    for v in range(1, 5):
        def positive(i, j, v=v):
            if case["theory"][i] != case["theory"][j] or v == 4 and case["direction"][i] != case["direction"][j]:
                return False
            return same_path(case, i, j, min(v, 3), missing_shared=v == 4)

        found = anchor_losses(case, s, positive)
        means.append(sum(found, z.sum() * 0) / max(1, len(found)))
        anchors.append(len(found))
    return sum(means) / max(1, sum(n > 0 for n in anchors)), means, anchors


def draw_sets(rng, texts):
    """Label sets [theory, l1, l2, l3, direction] of texts, few enough values that texts share some."""
    sets = []
    for _ in range(texts):
        own = []
        while len(own) < 1 + int(rng.integers(3)):
            theory, levels = draw_paths(rng, 1, [0, 1], depths={0: 3, 1: 2}, branches=2, stop=0.3)
            label = [theory[0], *levels[0], int(rng.choice([-1, 1]))]
            if label not in own:
                own.append(label)
        sets.append(own)
    return sets


def pairs_case(seed, at, n, texts, dim, tau):
    rng = rng_of(seed, "pairs", at)
    sets = draw_sets(rng, texts)
    of = [int(t) for t in rng.permutation(texts)[:n]]
    labels = [sets[t][int(rng.integers(len(sets[t])))] for t in of]
    ignore = [[labels[j] != labels[i] and labels[i] in sets[of[j]] for j in range(n)] for i in range(n)]
    return dict(
        tau=tau, z=rng.normal(size=(n, dim)), theory=[l[0] for l in labels], levels=[l[1:4] for l in labels],
        direction=[l[4] for l in labels], text=of, texts=sets, ignore=ignore,
    )  # fmt: skip


def pairs_value(case, name):
    z = tensor(case["z"]).requires_grad_()
    seen = case if name.endswith("_ignore") else {k: v for k, v in case.items() if k != "ignore"}
    short = name.removesuffix("_ignore")
    loss, levels, anchors = direction_leaf(seen, z) if short == "direction_leaf" else paper(seen, z, "skip" in short, False)
    loss.backward()
    depth = 4 if short == "direction_leaf" else 3
    levels, anchors = levels + [0.0] * (depth - len(levels)), anchors + [0] * (depth - len(anchors))
    return dict(loss=loss, levels=levels, anchors=anchors, grad_z=z.grad)


def write_pairs(out, seed, dim=5):
    cases = [pairs_case(seed, i, n, n + 4, dim, tau) for i, (n, tau) in enumerate([(6, 0.1), (14, 0.1), (20, 0.07), (33, 0.1)])]
    for case in cases:
        names = [v + end for v in ("paper", "paper_skip_empty", "direction_leaf") for end in ("", "_ignore")]
        case["expected"] = {name: pairs_value(case, name) for name in names}
    if not any(case["ignore"][i][j] != case["ignore"][j][i] for case in cases for i in range(len(case["z"])) for j in range(i)):
        raise SystemExit("no case has an asymmetric matrix: choose another seed")
    write_json(out / "j_pairs" / "pairs.json", {"cases": cases})


def write(out, seed):
    write_hierarchical(out, seed)
    write_infonce(out, seed)
    write_stage2(out, seed)
    write_pairs(out, seed)
