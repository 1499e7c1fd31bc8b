"""Shows that the differential test bites: for every mutant of the reference the generator gives a catalog that tells it
from the reference. Mutants that the command line cannot express are looked for among full catalogs only.

--catalogs N  how many to try for each mutant (default 20000)
--seed S      the first seed; the differential test's by default
"""

import argparse
import sys

from match_generator import generate
from match_mutants import MUTANTS, ONLY_STORAGE
from match_reference import Reference, as_csv

LEAST_MUTANTS = 30


def find_killers(names, full, seeds):
    """The first seed that tells each mutant from the reference."""
    killers = {}
    for seed in seeds:
        left = [name for name in names if name not in killers]
        if not left:
            break
        catalog = generate(seed, full)
        right = as_csv(Reference().match(catalog))
        for name in left:
            if as_csv(MUTANTS[name]().match(catalog)) != right:
                killers[name] = seed
    return killers


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flxlink", help="the program; not used here")
    parser.add_argument("--source", help="the repository; not used here")
    parser.add_argument("--catalogs", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.catalogs)
    killers = find_killers([name for name in MUTANTS if name not in ONLY_STORAGE], False, seeds)
    killers.update(find_killers(ONLY_STORAGE, True, seeds))
    for name in sorted(killers, key=killers.get):
        print(f"{killers[name]:6}  {name}")
    survivors = [name for name in MUTANTS if name not in killers]
    for name in survivors:
        print(f"survives: {name}")
    print(f"{len(killers)} of {len(MUTANTS)} mutants caught within {options.catalogs} catalogs")
    return 1 if survivors or len(MUTANTS) < LEAST_MUTANTS else 0


if __name__ == "__main__":
    sys.exit(main())
