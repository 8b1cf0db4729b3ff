"""Scorers of our tasks: an exact match (lm-eval 0.4.0 would load its own from the network), and
scores in the shape of IFEval's, one a prompt and a list of one an instruction."""


def exact_match(doc, results):
    return {"exact_match": float(results[0] == doc["answer"])}


def instructions(doc, results):
    said = results[0]
    followed = [len(said) < 10, said == doc["answer"]]
    return {
        "prompt_level_strict_acc": all(followed),
        "inst_level_strict_acc": followed,
    }


def mean_of_lists(items):
    flat = [one for item in items for one in item]
    return sum(flat) / len(flat)
