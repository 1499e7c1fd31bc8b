"""Draws the cost of a match per variant over the size of the catalog, from Google Benchmark's JSON, as an SVG file.

    build/release/bench/linker_bench --benchmark_filter=BM_Match/ --benchmark_out=match.json
    python3 bench/cost_picture.py match.json docs/cost.svg [--point ROWS SECONDS THREADS] …

--point adds what was measured by other means, such as `link_run huge`.
"""

import argparse
import json
import math
import re

WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 70, 130, 40, 60
COLOURS = {1: "#2563eb", 2: "#b45309"}


def read_points(path):
    """{threads: {rows a side: nanoseconds a variant of either side}}"""
    points = {}
    with open(path, encoding="utf-8") as file:
        for run in json.load(file)["benchmarks"]:
            found = re.search(r"BM_Match/rows:(\d+)/threads:(\d+)", run["name"])
            if not found or run.get("run_type") == "aggregate":
                continue
            rows, threads = int(found[1]), int(found[2])
            nanoseconds = run["real_time"] * {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[run["time_unit"]]
            cost = nanoseconds / (2 * rows)
            of_threads = points.setdefault(threads, {})
            of_threads[rows] = min(cost, of_threads.get(rows, cost))
    return points


def draw(points):
    all_rows = sorted({rows for of_threads in points.values() for rows in of_threads})
    highest = max(cost for of_threads in points.values() for cost in of_threads.values())
    top = math.ceil(highest / 20) * 20
    low, high = math.log10(all_rows[0]), math.log10(all_rows[-1])

    def x(rows):
        return LEFT + (math.log10(rows) - low) / (high - low or 1) * (WIDTH - LEFT - RIGHT)

    def y(cost):
        return HEIGHT - BOTTOM - cost / top * (HEIGHT - TOP - BOTTOM)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="13" role="img" aria-label="Nanoseconds a variant over the rows of a side">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-weight="bold">match of two rules in memory, nanoseconds a variant of either side</text>',
    ]
    for cost in range(0, top + 1, max(20, top // 5 // 20 * 20)):
        lines.append(f'<path d="M{LEFT},{y(cost):.1f} H{WIDTH - RIGHT}" stroke="#d1d5db"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y(cost) + 4:.1f}" text-anchor="end">{cost}</text>')
    for rows in all_rows:
        name = f"{rows // 10**6} M" if rows >= 10**6 else f"{rows // 1000} k"
        lines.append(f'<text x="{x(rows):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{name}</text>')
    lines.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 14}" text-anchor="middle">rows a side</text>')
    for threads, of_threads in sorted(points.items()):
        colour = COLOURS.get(threads, "#52606d")
        path = " L".join(f"{x(rows):.1f},{y(cost):.1f}" for rows, cost in sorted(of_threads.items()))
        lines.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for rows, cost in sorted(of_threads.items()):
            lines.append(f'<circle cx="{x(rows):.1f}" cy="{y(cost):.1f}" r="4" fill="{colour}"/>')
            lines.append(f'<text x="{x(rows):.1f}" y="{y(cost) - 9:.1f}" text-anchor="middle" fill="{colour}">{cost:.0f}</text>')
        last = max(of_threads)
        name = "1 thread" if threads == 1 else f"{threads} threads"
        lines.append(f'<text x="{x(last) + 14:.1f}" y="{y(of_threads[last]) + 4:.1f}" fill="{colour}">{name}</text>')
    return "\n".join(lines + ["</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmarks")
    parser.add_argument("picture")
    parser.add_argument("--point", nargs=3, type=float, action="append", default=[])
    options = parser.parse_args()
    points = read_points(options.benchmarks)
    for rows, seconds, threads in options.point:
        points.setdefault(int(threads), {})[int(rows)] = seconds * 1e9 / (2 * rows)
    with open(options.picture, "w", encoding="utf-8") as file:
        file.write(draw(points))


if __name__ == "__main__":
    main()
