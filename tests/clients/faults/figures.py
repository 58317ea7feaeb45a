"""Figures that checks print beside their results."""


def show(text):
    print(f"   {text}", flush=True)


def milliseconds(seconds):
    """The spread of some durations."""
    if not seconds:
        return "nothing"
    ordered = sorted(seconds)
    middle, worst = ordered[len(ordered) // 2], ordered[-1]
    return f"median {middle * 1e3:.0f} ms, worst {worst * 1e3:.0f} ms"


def p99(ordered):
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] if ordered else 0.0
