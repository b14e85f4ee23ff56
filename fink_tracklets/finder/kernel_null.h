/* The null model, as significance.py has it, from below: what `kernel.c` and its parts share. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SLACK 1e-6       /* of a log10 NFA */
#define LN10 2.302585092994046
#define COUNTED 64       /* points on a line, from which on all pass the first table */

/* What takes most of the time is compiled for wide registers, too. */
#if defined(__x86_64__) && defined(__linux__)
#define WIDE_TOO __attribute__((target_clones("avx2", "default")))
#else
#define WIDE_TOO
#endif

typedef struct {
    int64_t n, min_points, n_radii, n_evidence, n_widths, n_strips, max_missed, captures;
    int64_t min_resolved, n_bends;
    double sin_t, first_tolerance, tolerance, max_curvature, density, log10_pairs;
    double limit;   /* log10 NFA of a line that may become a tracklet */
    double later;   /* the same for a set, which may be extended */
    double no_beat; /* log10 evidence of points without a common spacing */
    double min_gap_chance, least_versine;
    const double *radii, *cosines, *curvatures; /* (n_radii,), curvatures as log10 */
    const double *evidence;                     /* (n_evidence,) most log10 LR of 0, 1, ... points */
    const double *widths; /* (n_widths,) of boxes beside a line, of which n_strips are strips */
    const double *enough; /* (n + 1,) mean for which 0, 1, ... or more are improbable */
    const double *log_factorials; /* (n + COUNTED,) natural logarithms of 0!, 1!, ... */
} Null;

/* log10 of the chance of k or more. */
static double log10_tail(const Null *null, int64_t k, double mean)
{
    if (k <= 0) return 0;
    if (!(mean > 0)) return -1e300;
    double term = 1, sum = 1;
    for (int t = 1; t < 400 && term > 1e-12 * sum; t++) {
        term *= mean / (k + t);
        sum += term;
    }
    double ln = k * log(mean) - mean - null->log_factorials[k] + log(sum);
    return ln < 0 ? ln / LN10 : 0;
}

static double evidence_of(const Null *null, int64_t count)
{
    return null->evidence[count < null->n_evidence ? count : null->n_evidence - 1];
}

typedef struct {
    int64_t radius, within_i, within_j;
    double mean;  /* chance points expected between the ends, at least */
    double bound; /* least log10 NFA of a set from end to end */
} Pair;

/* log10 NFA, before its spacing, of `count` resolved points out of `members` on a track. */
static double log10_bound(const Null *null, const Pair *p, int64_t count, int64_t members)
{
    double length = null->radii[p->radius];
    double near = p->within_i < p->within_j ? p->within_i : p->within_j;
    double disc = (near - members - 3 * sqrt(near)) / (M_PI * length * length);
    double density = disc > null->density ? disc : null->density;
    double mean = 2 * null->tolerance * length * density;
    if (p->mean > mean) mean = p->mean;
    double ends = null->log10_pairs - log10(1. / (p->within_i + 1) + 1. / (p->within_j + 1));
    return ends + null->curvatures[p->radius] + log10_tail(null, count - 2, mean) - SLACK;
}

static int could_pass(const Null *null, const Pair *p, int64_t count)
{
    return count >= null->min_points &&
           log10_bound(null, p, count, count) < null->limit + evidence_of(null, count);
}

/* Rule: the largest gap [lengths] among `count` resolved points may be chance (`is_one_run`). */
static int is_one_run(const Null *null, int64_t count, double gap)
{
    return (count - 1) * pow(1 - gap, count - 2) > null->min_gap_chance * (1 - 1e-6);
}

/* Whether so many points with such a gap can sit on different nodes of one grid. The gap spans
   gap * P of the grid's P periods, and after rounding one node less at least; the other count - 2
   steps take one each: P >= count - 2 + gap * P - 1. And P is count - 1 + max_missed at most. */
static int has_grid(const Null *null, int64_t count, double gap)
{
    return (count - 1 + null->max_missed) * (1 - gap) >= count - 3 - 1e-6;
}

/* The least log10 NFA of a set of at most `most` resolved points with a gap of at least `gap`. Both
   rules hold for all smaller sets where they hold for one, and NFA falls with the number: the
   largest sets that keep the rules decide. */
static double least_nfa(const Null *null, const Pair *p, int64_t most, int64_t members, double gap)
{
    while (most >= null->min_resolved && !is_one_run(null, most, gap)) most--;
    if (most < null->min_resolved) return INFINITY;
    double least = log10_bound(null, p, most, members) - null->no_beat;
    while (most >= null->min_resolved && !has_grid(null, most, gap)) most--;
    if (most < null->min_resolved) return least;
    double regular = log10_bound(null, p, most, members) - evidence_of(null, most);
    return regular < least ? regular : least;
}

/* The largest rank 1 / (1/r_ij + 1/r_ji) with which so many points pass on a uniform sky. */
static void least_ranks(const Null *null, double *table)
{
    for (int64_t r = 0; r < null->n_radii; r++) {
        double mean = 2 * null->tolerance * null->radii[r] * null->density;
        for (int64_t c = 0; c < COUNTED; c++) {
            double rank = null->limit + evidence_of(null, c) - null->curvatures[r] -
                          null->log10_pairs - log10_tail(null, c - 2, mean) + SLACK;
            table[r * COUNTED + c] = c < null->min_points ? 0 : rank > 300 ? 1e300 : pow(10, rank);
        }
    }
}
