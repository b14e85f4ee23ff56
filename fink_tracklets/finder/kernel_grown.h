/* One line, grown as grow.py does it and judged as track.py does: is its set surely no tracklet?

   The set that numpy would grow from end to end of the line is found by the same rules, and its
   number of false alarms up to the evidence of spacing and magnitudes, of which the most there can
   be is taken. A decision so near to its limit that rounding could matter is left to numpy. */

#include "kernel_agree.h"

#define WIDTHS 24  /* of boxes beside a curve, at most */

typedef struct {
    int64_t members;
    double error;      /* of a distance across the line, at most */
    double c0, c1, c2; /* the members' parabola: across = c0 + c1 u + c2 u^2, u from -1 to 1 */
} Set;

/* Sums over the members of powers of u (5), and of these times the distance across (3). */
WIDE_TOO static void moments(int64_t n, const double *restrict member, const double *restrict u,
                             const double *restrict across, double *restrict sums)
{
    Four m[8] = {{0}};
    for (int64_t k = 0; k < n; k += 4) {
        Four v = *(const Four *)(u + k), y = *(const Four *)(across + k);
        Four p0 = *(const Four *)(member + k), p1 = p0 * v, p2 = p1 * v, p3 = p2 * v;
        m[0] += p0;
        m[1] += p1;
        m[2] += p2;
        m[3] += p3;
        m[4] += p3 * v;
        m[5] += p0 * y;
        m[6] += p1 * y;
        m[7] += p2 * y;
    }
    for (int l = 0; l < 8; l++) sums[l] = m[l][0] + m[l][1] + m[l][2] + m[l][3];
}

/* The points within the tolerance of a parabola become members, of those that are, with `only`. How
   many there are, have changed, and are nearer to the tolerance than `error`. */
WIDE_TOO static void within(int64_t n, const double *restrict u, const double *restrict across,
                            double c0, double c1, double c2, double tolerance, double error,
                            int only, double *restrict member, int64_t *restrict changes)
{
    FourInts members = {0}, changed = {0}, unsure = {0}, positive = (FourInts){0} + INT64_MAX;
    Four zero = {0}, always = zero + (only ? 0 : 1);
    for (int64_t k = 0; k < n; k += 4) {
        Four v = *(const Four *)(u + k), old = *(const Four *)(member + k);
        Four off = *(const Four *)(across + k) - ((c2 * v + c1) * v + c0);
        off = (Four)((FourInts)off & positive) - tolerance;
        FourInts in = (off <= zero) & ((always > zero) | (old > zero));
        members -= in;
        changed -= in ^ (old > zero);
        unsure -= (Four)((FourInts)off & positive) < zero + error;
        *(Four *)(member + k) = (Four)((FourInts)(zero + 1) & in);
    }
    for (int l = 0; l < 4; l++) {
        changes[0] += members[l];
        changes[1] += changed[l];
        changes[2] += unsure[l];
    }
}

/* Least squares, and all points within the tolerance, until that is the set: `refine`. */
static int refine(const Null *null, Work *w, const Line *line, Set *set)
{
    int64_t n = line->count;
    double *u = w->low, sums[8], *s = sums, *t = sums + 5;
    for (int64_t k = 0; k < n; k++) u[k] = 2 * w->along[k] / line->length - 1;
    for (int64_t k = n; k % 4; k++) { /* full vectors, of points far off */
        w->member[k] = u[k] = 0;
        w->across[k] = 1;
    }
    for (int64_t round = 0;; round++) {
        moments(n, w->member, u, w->across, sums);
        double a = s[2] * s[4] - s[3] * s[3], b = s[2] * s[3] - s[1] * s[4];
        double c = s[1] * s[3] - s[2] * s[2], d = s[0] * s[4] - s[2] * s[2];
        double e = s[1] * s[2] - s[0] * s[3], f = s[0] * s[2] - s[1] * s[1];
        double det = s[0] * a + s[1] * b + s[2] * c;
        if (!(det > 1e-5 * s[0] * s[0] * s[0])) return UNSURE;
        double c0 = (a * t[0] + b * t[1] + c * t[2]) / det;
        double c1 = (b * t[0] + d * t[1] + e * t[2]) / det;
        double c2 = (c * t[0] + e * t[1] + f * t[2]) / det;
        int64_t changes[3] = {0};
        within(n, u, w->across, c0, c1, c2, null->tolerance, 16 * set->error,
               round >= null->captures, w->member, changes);
        int64_t members = changes[0], changed = changes[1], unsure = changes[2];
        if (unsure) return UNSURE;
        if (members < null->min_points) return NO;
        if (changed) continue;
        *set = (Set){members, set->error, c0, c1, c2};
        return YES;
    }
}

/* Resolved points of the set; none where its largest gap is none of chance. */
static int64_t resolved(const Null *null, Work *w, const Line *line)
{
    int64_t n = 0, count = 1;
    for (int64_t k = 0; k < line->count; k++) {
        w->sorted[n] = w->along[k];
        n += w->member[k] > 0;
    }
    sort_between(w->sorted, n, 0, line->length, w->ahead);
    double last = w->sorted[0], gap = 0;
    for (int64_t k = 1; k < n; k++) {
        double step = w->sorted[k] - last;
        if (fabs(step - null->first_tolerance) < 1e-12) return UNSURE;
        if (step < null->first_tolerance) continue;
        if (step > gap) gap = step;
        last = w->sorted[k];
        count++;
    }
    gap /= last - w->sorted[0];
    return count < null->min_resolved || !is_one_run(null, count, gap * (1 - 1e-9)) ? 0 : count;
}

/* The density beside the set's curve: `local_density`. */
static double local_density(const Null *null, Work *w, const Line *line, const Set *set)
{
    int64_t levels = null->n_widths, n = null->n;
    const double *widths = null->widths;
    int32_t counts[2][2][WIDTHS + 1] = {{{0}}}; /* of a shape, a side and a level */
    double inner = 3 * null->tolerance, outer = widths[levels - 1], length = line->length;
    double reach = outer > length ? outer : length;
    double furthest = outer + fabs(set->c0) + fabs(set->c1) + fabs(set->c2) + 1e-9;
    for (int64_t k = 0; k < line->count; k++) w->marked[w->near[k]] = w->member[k];
    double far = (reach + furthest) * w->stretch;
    int64_t from = points_below(w->u, n, w->u[line->a] - far);
    int64_t to = points_below(w->u, n, w->u[line->b] + far);
    if (from < w->seen) look_at_some(w, from, w->seen);
    turn(to - from, w->right + from, w->up + from, line->c, line->s, w->aside + from);
    int32_t *beside = w->first_bend;
    int64_t some = 0;
    for (int64_t k = from; k < to; k++) { /* without a branch; members do not count */
        beside[some] = k;
        some += (fabs(w->aside[k]) <= furthest) & !w->marked[k];
    }
    all_places_of(w, some, beside, line, length + far, w->low, w->high);
    for (int64_t k = 0; k < some; k++) {
        double across = w->high[k], along = w->low[k];
        if (line->sense < 0) along = length - along;
        double over = along < 0 ? -along : along > length ? along - length : 0;
        double u = 2 * along / length - 1;
        u = u < -1 ? -1 : u > 1 ? 1 : u;
        across -= (set->c2 * u + set->c1) * u + set->c0;
        double side = fabs(across), wider = side > over ? side : over;
        if (side <= inner || side >= outer || over >= reach) continue;
        int64_t level = 0;
        while (side >= widths[level]) level++;
        if (over < length) counts[1][across > 0][level]++;
        while (level < levels && wider >= widths[level]) level++;
        counts[0][across > 0][level]++;
    }
    for (int64_t k = 0; k < line->count; k++) w->marked[w->near[k]] = 0;

    double largest = null->density;
    for (int chain = 0; chain < 4; chain++) {
        int32_t *in = counts[chain / 2][chain % 2];
        double density = null->density;
        for (int64_t l = 1; l < levels; l++) in[l] += in[l - 1];
        for (int64_t l = levels - 1; l >= 0; l--) {
            double depth = widths[l] - inner, k = in[l];
            double area = chain / 2 ? 3 * depth * length : depth * (length + 2 * widths[l]);
            if (!in[l] || density * area >= null->enough[in[l]]) continue;
            density = (k + sqrt(k)) / (area + 0.5 / density);
            if (density > largest) largest = density;
        }
    }
    return largest;
}

/* Whether the set of a line is surely no tracklet. */
static int is_hopeless(const Null *null, Work *w, const Line *line)
{
    double length = line->length;
    if (null->n_widths > WIDTHS || null->n_bends > BENDS) return 0;
    Set set = {.error = 3e-15};
    if (agree(null, w, line, set.error) == UNSURE) return 0;
    int ended = refine(null, w, line, &set);
    if (ended != YES) return ended == NO;

    /* The rules: from end to end, bent as orbits are, enough resolved points in one run. */
    for (int64_t k = 0; k < line->count; k++)
        if (!w->member[k] && (w->near[k] == line->a || w->near[k] == line->b)) return 1;
    double most = null->max_curvature * length * length / 8 + null->tolerance;
    if (fabs(set.c2) > most + 16 * set.error) return 1;
    int64_t count = resolved(null, w, line);
    if (count == UNSURE) return 0;
    if (count < null->min_resolved) return 1;

    /* The number of false alarms, the density beside the curve in ever closer count. */
    Pair pair = line->pair;
    double limit = null->later + evidence_of(null, count);
    if (log10_bound(null, &pair, count, set.members) >= limit) return 1;
    double bend = (fabs(set.c1) + 2 * fabs(set.c2)) * length * length / 3 + 1e-8;
    double sense = line->sense;
    pair.mean = least_mean(null, w, line, bend, sense * set.c0, set.c1, sense * set.c2);
    if (log10_bound(null, &pair, count, set.members) >= limit) return 1;
    double density = local_density(null, w, line, &set);
    pair.mean = 2 * null->tolerance * length * density * (1 - 1e-9);
    return log10_bound(null, &pair, count, set.members) >= limit;
}
